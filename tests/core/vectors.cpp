#include "tests/core/vectors.hpp"

#include "core/qi/capabilities.hpp"
#include "tests/core/hex.hpp"
#include "tests/support/places.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace beckon::qi::test {
namespace {

// Each connection begins with the capabilities of both ends.
std::map<int, ObjectFormat> agreedFormats(const std::vector<RecordedMessage>& messages) {
  std::map<int, CapabilityMap> own, remote;
  for (const auto& message : messages) {
    if (message.signature != "{sm}") continue;  // nor is it a SYN or FIN
    if (Header::decode(message.header).address != Address{0, 0, action::authenticate}) continue;
    (message.fromClient ? own : remote).try_emplace(message.connection, decode<CapabilityMap>(message.payload).value());
  }
  std::map<int, ObjectFormat> formats;
  for (const auto& [connection, map] : own) {
    Capabilities capabilities(map);
    capabilities.addRemote(remote[connection]);
    formats[connection] = capabilities.objectFormat();
  }
  return formats;
}

Recording load(const std::filesystem::path& path) {
  std::ifstream stream(path);
  const auto json = nlohmann::json::parse(stream);
  Recording recording;
  for (const auto& entry : json.at("connections")) recording.ports[entry.at("id")] = entry.at("server_port");
  auto& messages = recording.steps;
  for (const auto& entry : json.at("messages")) {
    RecordedMessage& message = messages.emplace_back();
    message.file = path.filename();
    message.number = entry.at("n");
    message.connection = entry.at("conn");
    message.fromClient = entry.at("dir") == "C->S";
    if (entry.contains("tcp")) {
      message.tcp = entry.at("tcp");
      continue;
    }
    message.header = fromHex(entry.at("header_hex").get<std::string>());
    message.payload = fromHex(entry.at("payload_hex").get<std::string>());
    message.signature = entry.at("signature");
    message.decoded = entry.at("decoded");
  }
  const auto formats = agreedFormats(messages);
  for (auto& message : messages) message.format = formats.at(message.connection);
  return recording;
}

const std::filesystem::path folder = beckon::test::sourceFolder() / "tests/data/qi";

}  // namespace

std::vector<RecordedMessage> recordedMessages() {
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".json") && !name.starts_with("probes_")) paths.insert(entry.path());
  }
  std::vector<RecordedMessage> all;
  for (const auto& path : paths) std::ranges::move(load(path).steps, std::back_inserter(all));
  std::erase_if(all, [](const RecordedMessage& message) { return !message.tcp.empty(); });
  return all;
}

Recording recording(const std::string& file) { return load(folder / file); }

}  // namespace beckon::qi::test
