#pragma once

#include "core/qi/convert.hpp"
#include "core/qi/shared_raw.hpp"
#include "localbus/connection.hpp"

#include <memory>
#include <optional>

namespace beckon::localbus {

// Who calls, as far as a method may know.
struct Caller {
  std::uint64_t connection = 0;  // Connection::id()
  // Who calls from outside, as a gateway on the bus says: "alice@example.org", "token:NAME", "key:SHA256:HEX". Null: a
  // program of the bus for itself.
  std::shared_ptr<const std::string> principal = nullptr;
};

// Where the answer of one call goes.
class Waiting {
 public:
  virtual ~Waiting() = default;
  // How objects in the answer are written; empty if nobody waits any more.
  virtual std::optional<qi::ObjectFormat> format() const = 0;
  // One of them once.
  virtual void answer(run::Result<qi::Bytes> result) = 0;
  // A result whose bytes may stay where they are.
  virtual void answerRaw(const qi::SharedRaw& raw) { answer(qi::encode(raw)); }
  virtual void canceled() = 0;
  // `handler` is called once if the caller cancels or is gone before the answer.
  virtual void onCancel(run::UniqueFunction<void()> handler) = 0;
};

// Answers one call, exactly once, on the object's executor; at once or later. Destroyed unanswered, it
// answers with an error, so that no caller waits for a forgotten call.
class Responder {
 public:
  // Null for a post, which nobody waits for.
  explicit Responder(std::unique_ptr<Waiting> waiting) : waiting_(std::move(waiting)) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  // The return value in wire form, by the method's return signature and format().
  void operator()(run::Result<qi::Bytes> result);
  // The same for a method that returns a raw.
  void raw(const qi::SharedRaw& result);
  // The caller's wish to cancel is fulfilled.
  void canceled();
  std::optional<qi::ObjectFormat> format() const;
  void onCancel(run::UniqueFunction<void()> handler);

 private:
  std::unique_ptr<Waiting> waiting_;
};

// One call as a method's handler gets it. `arguments` (wire form, the method's own signature) are valid
// until the handler returns.
struct Invocation {
  Caller caller;
  qi::ByteView arguments;
  qi::ObjectFormat format;  // of the arguments
  Responder respond;
};

// The answer to `call`, as its flags ask for it: `wanted` is the type that the caller would rather have than `returns`.
std::unique_ptr<Waiting> waitingCaller(const std::shared_ptr<Connection>& from, const qi::Header& call,
                                       const std::string& returns, std::optional<qi::Signature> wanted);

// The arguments of a call or post as its flags say: converted to the tuple `parameters`.
struct FlaggedArguments {
  qi::Value arguments;
  std::optional<qi::Signature> wanted;  // flag ReturnType: the type that the caller would rather have
};
run::Result<FlaggedArguments> readFlagged(const qi::Message& message, const qi::Signature& parameters,
                                          const qi::ObjectFormat& format);

// What a caller is told whose arguments cannot be decoded: in libqi's words, which programs look for.
run::Error unreadableArguments(const run::Error& why);

}  // namespace beckon::localbus
