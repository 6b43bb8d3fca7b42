#pragma once

#include "core/run/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <functional>
#include <vector>

namespace beckon::dnssd {

// The addresses at which others reach this computer: those of interfaces that are up, without loopback and without
// those that are good on one cable only (link-local IPv6). Lives on `executor`.
class Addresses {
 public:
  struct One {
    int interface;  // its index
    boost::asio::ip::address address;
    bool operator==(const One&) const = default;
  };
  static std::vector<One> now();  // sorted

  // `changed` is told the new ones each time that they are others.
  Addresses(boost::asio::any_io_executor executor, std::function<void(const std::vector<One>&)> changed);
  // Error internal: the kernel does not tell.
  run::Result<> start();

 private:
  void wait();

  std::function<void(const std::vector<One>&)> changed_;
  boost::asio::posix::stream_descriptor kernel_;
  std::array<char, 8192> told_{};
  std::vector<One> last_;
};

}  // namespace beckon::dnssd
