#include "xmpp/requests.hpp"

#include "core/qi/json_text.hpp"
#include "xmpp/stanza_error.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <utility>

namespace beckon::xmpp {

struct Requests::Pending {
  Jid to;
  Answer answer;
  Errors errors;
  boost::asio::steady_timer deadline;
};

Requests::Requests(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), alive_(std::make_shared<char>()) {
  std::array<std::uint8_t, 9> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  prefix_ = qi::toBase64(random) + "-";
}

Requests::~Requests() = default;

std::string Requests::open(const Jid& to, std::chrono::milliseconds deadline, Answer answer, Errors errors) {
  auto id = prefix_ + std::to_string(next_++);
  auto pending =
      std::make_unique<Pending>(Pending{to, std::move(answer), errors, boost::asio::steady_timer(executor_, deadline)});
  pending->deadline.async_wait([this, alive = std::weak_ptr(alive_), id, deadline](boost::system::error_code error) {
    if (error || alive.expired()) return;
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;  // answered when this was queued already; ids are not used twice
    const auto late = std::move(pending_.extract(found).mapped());
    late->answer(run::Error{run::Code::timedOut,
                            (late->to.empty() ? "the server" : late->to.text()) + " did not answer within " +
                                std::to_string(deadline.count()) + " ms",
                            "check that it is online and not overloaded, or allow more time"});
  });
  pending_.emplace(id, std::move(pending));
  return id;
}

void Requests::answered(const Element& iq, const Jid& self) {
  const auto found = pending_.find(iq.attribute("id"));
  if (found == pending_.end()) return;
  const auto stamped = Jid::parse(iq.attribute("from"));
  const auto from = stamped ? *stamped : Jid();  // our server may leave it out where it speaks for our account
  const auto& to = found->second->to;
  const bool ours = to.empty() && (from.empty() || from == self.bare() || from == self || from == self.server());
  const bool same = !to.empty() && (from == to || (from.empty() && to == self.bare()));
  if (!ours && !same) return;
  const auto done = std::move(pending_.extract(found).mapped());
  if (iq.attribute("type") == "result" || done->errors == Errors::asTheyAre)
    done->answer(iq);
  else
    done->answer(StanzaError::read(iq).toError());
}

void Requests::fail(const std::string& id, const run::Error& why) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  boost::asio::post(
      executor_, [failed = std::shared_ptr(std::move(pending_.extract(found).mapped())), why] { failed->answer(why); });
}

void Requests::fail(const run::Error& why) {
  const auto all = std::exchange(pending_, {});
  for (const auto& [id, pending] : all) pending->answer(why);
}

}  // namespace beckon::xmpp
