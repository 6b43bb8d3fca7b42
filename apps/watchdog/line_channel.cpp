#include "apps/watchdog/line_channel.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <utility>

namespace beckon::watchdog {

namespace asio = boost::asio;

LineChannel::LineChannel(asio::io_context& io, int socket, Handlers handlers)
    : socket_(io, asio::local::stream_protocol(), socket), handlers_(std::move(handlers)) {}

std::shared_ptr<LineChannel> LineChannel::open(asio::io_context& io, int socket, Handlers handlers) {
  const std::shared_ptr<LineChannel> out(new LineChannel(io, socket, std::move(handlers)));
  out->read();
  return out;
}

void LineChannel::read() {
  asio::async_read_until(socket_, asio::dynamic_buffer(in_, longest), '\n',
                         [self = shared_from_this()](boost::system::error_code problem, std::size_t size) {
                           if (problem) return self->end();
                           const auto line = nlohmann::json::parse(self->in_.substr(0, size), nullptr, false);
                           self->in_.erase(0, size);
                           if (!line.is_object()) return self->end();
                           if (const auto handler = self->handlers_.line) handler(line);
                           if (self->socket_.is_open()) self->read();
                         });
}

void LineChannel::send(const nlohmann::json& line) {
  if (!socket_.is_open()) return;
  if (out_.size() > longest) return end();
  out_ += line.dump() + '\n';
  if (sending_.empty()) write();
}

void LineChannel::write() {
  sending_ = std::exchange(out_, {});
  asio::async_write(socket_, asio::buffer(sending_),
                    [self = shared_from_this()](boost::system::error_code problem, std::size_t) {
                      self->sending_.clear();
                      if (problem) return self->end();
                      if (!self->out_.empty()) self->write();
                    });
}

void LineChannel::end() {
  const auto ended = std::exchange(handlers_, {}).ended;
  close();
  if (ended) ended();
}

void LineChannel::close() {
  handlers_ = {};
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace beckon::watchdog
