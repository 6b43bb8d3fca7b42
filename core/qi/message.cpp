#include "core/qi/message.hpp"

#include "core/qi/reader.hpp"
#include "core/qi/writer.hpp"

#include <algorithm>

namespace beckon::qi {

std::array<std::uint8_t, Header::size> Header::encode() const {
  std::array<std::uint8_t, size> out;
  std::uint8_t* at = out.data();
  const auto put = [&at](const auto& value) {
    std::memcpy(at, &value, sizeof value);
    at += sizeof value;
  };
  put(magic);
  put(id);
  put(payloadSize);
  put(version);
  put(type);
  put(flags);
  put(address.service);
  put(address.object);
  put(address.action);
  return out;
}

Header Header::decode(ByteView from) {
  Reader reader(from);
  reader.plain(magic.size());
  Header header;
  header.id = reader.number<std::uint32_t>();
  header.payloadSize = reader.number<std::uint32_t>();
  header.version = reader.number<std::uint16_t>();
  header.type = static_cast<MessageType>(reader.number<std::uint8_t>());
  header.flags = reader.number<std::uint8_t>();
  header.address.service = reader.number<std::uint32_t>();
  header.address.object = reader.number<std::uint32_t>();
  header.address.action = reader.number<std::uint32_t>();
  return header;
}

}  // namespace beckon::qi
