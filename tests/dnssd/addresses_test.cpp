#include "core/dnssd/addresses.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace beckon::dnssd {
namespace {

TEST(Addresses, areThoseAtWhichOthersReachThisComputer) {
  const auto all = Addresses::now();
  for (const auto& [interface, address] : all) {
    EXPECT_GT(interface, 0);
    EXPECT_FALSE(address.is_loopback()) << address;
    EXPECT_FALSE(address.is_v6() && address.to_v6().is_link_local()) << address;
  }
  boost::asio::io_context io;
  std::vector<Addresses::One> told;
  Addresses addresses(io.get_executor(), [&](const auto& now) { told = now; });
  ASSERT_TRUE(addresses.start());
  EXPECT_EQ(told, all);
}

}  // namespace
}  // namespace beckon::dnssd
