#pragma once

#include "core/qi/message.hpp"
#include "core/qi/writer.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The recorded messages of tests/data/qi (its README says what they are).
namespace beckon::qi::test {

struct RecordedMessage {
  std::string file;
  int number = 0;  // its place in the file
  int connection = 0;
  bool fromClient = false;  // sent by the side that opened the connection
  Bytes header, payload;
  std::string signature;   // of the payload
  nlohmann::json decoded;  // what another decoder read from it
  ObjectFormat format;     // what the connection's two ends agreed on
  std::string tcp;         // "SYN" or "FIN": the connection begins or ends here, and all of the above is empty

  std::string name() const { return file + " message " + std::to_string(number); }
};

// All of them, in the order of the files and of the messages in each.
std::vector<RecordedMessage> recordedMessages();

// One file, with the beginnings and ends of its connections.
struct Recording {
  std::vector<RecordedMessage> steps;
  std::map<int, std::uint16_t> ports;  // which each connection went to
};
Recording recording(const std::string& file);

}  // namespace beckon::qi::test
