#include "core/qi/reader.hpp"

#include <string>

namespace beckon::qi {

using run::Code;

ByteView Reader::plain(std::size_t size) {
  if (error_ || size > left()) {
    fail({Code::protocolError,
          "the message ends " + std::to_string(size - std::min(size, left())) + " bytes before its value does",
          "check that both sides use the same signature"});
    return {};
  }
  const auto from = bytes_.subspan(at_, size);
  at_ += size;
  return from;
}

std::size_t Reader::count(std::size_t minSize) {
  const std::size_t elements = number<std::uint32_t>();
  if (minSize == 0) {
    admitEmpty(elements);
    return error_ ? 0 : elements;
  }
  if (elements <= left() / minSize) return elements;
  fail({Code::protocolError,
        "the message announces " + std::to_string(elements) + " elements where " + std::to_string(left()) +
            " bytes are left",
        "check that both sides use the same signature"});
  return 0;
}

void Reader::admit(std::size_t values) {
  values_ += values;
  if (values_ > limits::maxValues)
    fail({Code::tooLarge, "the message holds more than " + std::to_string(limits::maxValues) + " values",
          "send large data as raw bytes"});
}

void Reader::admitEmpty(std::size_t elements) {
  emptyElements_ += elements;
  if (emptyElements_ > limits::maxEmptyElements)
    fail({Code::tooLarge,
          "the message announces " + std::to_string(emptyElements_) + " elements without content, the limit is " +
              std::to_string(limits::maxEmptyElements),
          "check that both sides use the same signature"});
}

ByteView Reader::sized() { return plain(number<std::uint32_t>()); }

std::string_view Reader::string() {
  const auto from = sized();
  return {reinterpret_cast<const char*>(from.data()), from.size()};
}

void Reader::fail(run::Error error) {
  if (!error_) error_ = std::move(error);
}

void Reader::failTooDeep() {
  fail({Code::tooLarge, "values nested deeper than " + std::to_string(limits::maxDepth) + " levels",
        "send a flatter structure"});
}

}  // namespace beckon::qi
