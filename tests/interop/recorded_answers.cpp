#include "tests/interop/recorded_answers.hpp"

#include <algorithm>

namespace beckon::test {

using qi::MessageType;
using qi::test::RecordedMessage;

RecordedAnswers::RecordedAnswers(Loop& loop, const std::string& file, int connection)
    : server_(loop), messages_(qi::test::recording(file).steps) {
  std::erase_if(messages_,
                [&](const auto& message) { return message.connection != connection || !message.tcp.empty(); });
}

void RecordedAnswers::serve(const std::function<bool()>& done) {
  auto peer = server_.accept();
  while (const auto question = peer.nextUntil(done)) answer(peer, *question);
}

void RecordedAnswers::answer(RawPeer& peer, const Frame& question) {
  if (question.header.type != MessageType::call) return;
  // Capabilities are each side's own, and nobody needs the argument of metaObject.
  const bool byPayload = question.header.address.service != qi::serverService &&
                         question.header.address.action != qi::action::metaObject &&
                         question.header.address.action != qi::action::registerEvent;
  const auto asked = std::ranges::find_if(messages_, [&](const RecordedMessage& message) {
    return message.fromClient && qi::Header::decode(message.header).address == question.header.address &&
           (!byPayload || message.payload == question.payload);
  });
  if (asked == messages_.end()) throw std::runtime_error("the recording has no such question");
  const auto id = qi::Header::decode(asked->header).id;
  for (auto message = asked; ++message != messages_.end();) {
    if (message->fromClient) continue;
    auto header = qi::Header::decode(message->header);
    const bool isAnswer = header.type != MessageType::event && header.id == id;
    if (isAnswer) header.id = question.header.id;
    if (isAnswer || header.type == MessageType::event) peer.send(header, message->payload);
    if (isAnswer) return;
  }
}

}  // namespace beckon::test
