#include "apps/doctor/banner.hpp"

#include "core/qi/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::doctor {
namespace {

using testing::HasSubstr;

qi::Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Banner, tellsWhatIsSpokenFromTheFirstBytes) {
  EXPECT_EQ(speechOf({}), Speech::nothing);
  EXPECT_EQ(speechOf(qi::Header().encode()), Speech::qi);
  EXPECT_EQ(speechOf(bytes("\x42\xde")), Speech::qi);
  EXPECT_EQ(speechOf(bytes("\x15\x03\x03")), Speech::tls);
  EXPECT_EQ(speechOf(bytes("\x15\x04")), Speech::other);
  EXPECT_EQ(speechOf(bytes("HTTP/1.1 400 Bad Request\r\n")), Speech::http);
  EXPECT_EQ(speechOf(bytes("SSH-2.0-x")), Speech::other);
}

TEST(Banner, namesTheSpeaker) {
  EXPECT_EQ(speaker(bytes("HTTP/1.1 400 Bad Request\r\nDate: x\r\nServer: nginx/1.18.0\r\n\r\n<html>")),
            "HTTP (nginx/1.18.0)");
  EXPECT_EQ(speaker(bytes("HTTP/1.1 200 OK\r\nServer: one\ntwo\r\n\r\n")), "HTTP (one)");
  EXPECT_EQ(speaker(bytes("HTTP/1.0 404 Not Found\r\n\r\n")), "HTTP (HTTP/1.0 404 Not Found)");
  EXPECT_EQ(speaker(bytes("SSH-2.0-OpenSSH_9.2\r\n")), "SSH (SSH-2.0-OpenSSH_9.2)");
  EXPECT_EQ(speaker(bytes("hello\nworld")), "something that begins with \"hello\"");
}

TEST(Banner, showsNothingThatCouldSteerATerminal) {
  const auto shown = speaker(bytes("SSH-\x1b[2J\x07" + std::string(1000, 'x')));
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  EXPECT_LT(shown.size(), 120u);
}

}  // namespace
}  // namespace beckon::doctor
