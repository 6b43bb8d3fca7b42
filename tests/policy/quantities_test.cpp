#include "policy/quantities.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

using namespace std::chrono_literals;

TEST(Quantities, haveAUnitEach) {
  EXPECT_EQ(rateOf("20/s"), (Rate{20, 1s}));
  EXPECT_EQ(rateOf("100/min"), (Rate{100, 1min}));
  EXPECT_EQ(rateOf("5/h"), (Rate{5, 1h}));
  for (const char* rate : {"20/s", "100/min", "5/h"}) EXPECT_EQ(text(*rateOf(rate)), rate);
  EXPECT_EQ(sizeOf("500 B"), 500u);
  EXPECT_EQ(sizeOf("64KiB"), 64u * 1024);
  EXPECT_EQ(sizeOf("1 MiB"), 1024u * 1024);
  EXPECT_EQ(durationOf("500 ms"), 500ms);
  EXPECT_EQ(durationOf("5 s"), 5s);
  EXPECT_EQ(durationOf("2 min"), 2min);
}

TEST(Quantities, areNothingElse) {
  for (const char* text :
       {"", "20", "/s", "0/s", "-1/s", "20/d", "20 /s x", "1.5/s", "99999999999999999999/s", "1000001/s"})
    EXPECT_FALSE(rateOf(text)) << text;
  for (const char* text : {"", "1", "1 MB", "0 B", "1  MiB", "1048577 GiB", "18446744073709551615 MiB", "-1 B"})
    EXPECT_FALSE(sizeOf(text)) << text;
  for (const char* text : {"", "5", "5 sec", "0 s", "1441 min", "18446744073709551615 ms"})
    EXPECT_FALSE(durationOf(text)) << text;
}

}  // namespace
}  // namespace beckon::policy
