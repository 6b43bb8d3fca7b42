#include "localbus/invocation.hpp"

#include "core/qi/convert.hpp"
#include "core/qi/error_payload.hpp"
#include "core/qi/type_names.hpp"

namespace beckon::localbus {
namespace {

using qi::Bytes;
using qi::MessageType;
using qi::Signature;
using run::Code;
using run::Error;
using run::Result;

// libqi's words for arguments that do not become the parameters. The unknown one is the object itself.
Error cannotConvert(const qi::Value& arguments, const Signature& parameters, const Error& why) {
  const auto* given = arguments.as<qi::Tuple>();
  if (!given || given->items.size() != parameters.size()) return why;
  std::string wanted = "(Unknown";
  std::optional<std::size_t> wrong;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    wanted += "," + qi::typeNames(parameters[i]);
    if (!wrong && !qi::convert(given->items[i], parameters[i])) wrong = i;
  }
  if (!wrong) return why;
  return {Code::badArguments,
          "Call argument number " + std::to_string(*wrong + 1) + " conversion failure from " +
              qi::typeNames(given->items[*wrong].inner().signature()) + " to " + qi::typeNames(parameters[*wrong]) +
              ". Function signature: " + wanted + ").",
          {}};
}

class CallingPeer final : public Waiting {
 public:
  CallingPeer(const std::shared_ptr<Connection>& from, const qi::Header& call, const std::string& returns,
              std::optional<Signature> wanted)
      : connection_(from), id_(call.id), address_(call.address), returns_(returns), wanted_(std::move(wanted)) {}

  std::optional<qi::ObjectFormat> format() const override {
    const auto to = connection_.lock();
    if (!to || !to->isOpen()) return {};
    return to->format(address_.service);
  }

  void answer(Result<Bytes> result) override {
    const auto to = take();
    if (!to) return;
    if (!result) return to->answer(id_, address_, MessageType::error, qi::encodeErrorText(result.error().cause));
    if (wanted_ && to->capabilities().remote(qi::capability::messageFlags)) {
      const auto plain = to->format(address_.service).plain();
      const auto value = qi::decodeValue(*result, Signature::of(returns_), plain);
      if (const auto converted = value ? qi::convert(*value, *wanted_) : value)
        return to->answer(id_, address_, MessageType::reply, qi::encodeValue(qi::dynamic(*converted), plain),
                          qi::flags::dynamicPayload);
    }
    to->answer(id_, address_, MessageType::reply, *result);
  }

  void answerRaw(const qi::SharedRaw& raw) override {
    if (wanted_) return answer(qi::encode(raw));
    const auto to = take();
    if (!to) return;
    const auto arguments = encodeArguments({}, raw);
    to->answer(id_, address_, MessageType::reply, arguments.payload());
  }

  void canceled() override {
    const auto to = take();
    if (!to) return;
    if (to->capabilities().shared(qi::capability::remoteCancelableCalls))
      to->answer(id_, address_, MessageType::canceled, {});
    else
      to->answer(id_, address_, MessageType::error, qi::encodeErrorText("Call has been canceled."));
  }

  void onCancel(run::UniqueFunction<void()> handler) override {
    if (const auto to = connection_.lock()) to->onCancel(id_, std::move(handler));
  }

 private:
  // The connection, if the answer can still go there.
  std::shared_ptr<Connection> take() {
    auto to = connection_.lock();
    if (to) to->onCancel(id_, {});
    return to;
  }

  std::weak_ptr<Connection> connection_;
  std::uint32_t id_;
  qi::Address address_;
  std::string returns_;
  std::optional<Signature> wanted_;
};

}  // namespace

std::unique_ptr<Waiting> waitingCaller(const std::shared_ptr<Connection>& from, const qi::Header& call,
                                       const std::string& returns, std::optional<Signature> wanted) {
  if (call.type != MessageType::call) return nullptr;
  return std::make_unique<CallingPeer>(from, call, returns, std::move(wanted));
}

Result<FlaggedArguments> readFlagged(const qi::Message& message, const Signature& parameters,
                                     const qi::ObjectFormat& format) {
  qi::Reader reader(message.payload, format);
  qi::Value value;
  if (message.header.flags & qi::flags::dynamicPayload)
    qi::Codec<qi::Value>::read(reader, value);
  else
    value = qi::readValue(reader, parameters);
  if (!reader.ok()) return unreadableArguments(*reader.error());
  auto fitting = qi::convert(value, parameters);
  if (!fitting) return cannotConvert(value.inner(), parameters, fitting.error());
  FlaggedArguments out{std::move(*fitting), {}};
  if (message.header.flags & qi::flags::returnType)
    if (auto wanted = Signature::parse(reader.string()); reader.ok() && wanted) out.wanted = std::move(*wanted);
  return out;
}

Error unreadableArguments(const Error& why) {
  if (why.code == Code::protocolError) return {Code::badArguments, "ISerialization error Status Read Past End", {}};
  return why;
}

Responder::~Responder() {
  if (waiting_) (*this)(Error{Code::internal, "the service gave no answer", {}});
}

void Responder::operator()(Result<Bytes> result) {
  if (const auto waiting = std::exchange(waiting_, nullptr)) waiting->answer(std::move(result));
}

void Responder::raw(const qi::SharedRaw& result) {
  if (const auto waiting = std::exchange(waiting_, nullptr)) waiting->answerRaw(result);
}

void Responder::canceled() {
  if (const auto waiting = std::exchange(waiting_, nullptr)) waiting->canceled();
}

std::optional<qi::ObjectFormat> Responder::format() const {
  if (!waiting_) return {};
  return waiting_->format();
}

void Responder::onCancel(run::UniqueFunction<void()> handler) {
  if (waiting_) waiting_->onCancel(std::move(handler));
}

}  // namespace beckon::localbus
