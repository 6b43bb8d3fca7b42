#pragma once

#include "core/qi/message.hpp"
#include "localbus/payload.hpp"

#include <cstdint>

namespace beckon::localbus {

// Stands by while a connection answers: whoever keeps a record learns what is answered before it leaves, and may hold
// it back.
class Witness {
 public:
  virtual ~Witness() = default;
  // An answer to that call of the peer's is put in line. `type`: reply, error or canceled.
  virtual void answering(std::uint32_t call, qi::MessageType type, const Payload& payload) = 0;
  // Whether what was put in line may leave. If not, Connection::resume() is called once it may.
  virtual bool mayLeave() = 0;
};

}  // namespace beckon::localbus
