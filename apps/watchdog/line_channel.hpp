#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <string>

namespace beckon::watchdog {

// One end of a socket pair on which beckond and its watchdog say lines of JSON to each other. Lives on the executor of
// `io`.
class LineChannel : public std::enable_shared_from_this<LineChannel> {
 public:
  struct Handlers {
    std::function<void(const nlohmann::json&)> line;
    std::function<void()> ended;  // once: the other end has gone, or said what is no line of ours
  };

  // Owns `socket` from now on.
  static std::shared_ptr<LineChannel> open(boost::asio::io_context& io, int socket, Handlers handlers);
  // Nothing is sent to who does not read: that is told as its end.
  void send(const nlohmann::json& line);
  void close();  // tells nothing

 private:
  // Lines are short; whoever sends more is broken.
  static constexpr std::size_t longest = 1024 * 1024;

  LineChannel(boost::asio::io_context& io, int socket, Handlers handlers);
  void read();
  void write();
  void end();

  boost::asio::local::stream_protocol::socket socket_;
  Handlers handlers_;
  std::string in_, out_, sending_;
};

}  // namespace beckon::watchdog
