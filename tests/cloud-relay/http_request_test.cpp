#include "cloud-relay/http_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beckon::relay {
namespace {

using testing::HasSubstr;
using testing::Not;

using Outcome = std::optional<HttpRequestReader::Outcome>;

Outcome read(const std::vector<std::string>& pieces, HttpLimits limits = {}) {
  HttpRequestReader reader(limits);
  for (const auto& piece : pieces)
    if (auto outcome = reader.take(piece)) return outcome;
  return {};
}

// 0: more has to come; 200: it is a request.
unsigned statusOf(const Outcome& outcome) { return !outcome ? 0 : *outcome ? 200 : outcome->error().status; }

std::vector<std::string> letters(const std::string& text) {
  std::vector<std::string> out;
  for (const char letter : text) out.emplace_back(1, letter);
  return out;
}

TEST(HttpRequestReader, readsARequestHoweverItIsCut) {
  const std::string text = "POST /enrol?x=1 HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
  for (const auto& pieces : {std::vector<std::string>{text}, letters(text), {text.substr(0, 26), text.substr(26)}}) {
    const auto outcome = read(pieces);
    ASSERT_EQ(statusOf(outcome), 200U);
    EXPECT_EQ((*outcome)->method, "POST");
    EXPECT_EQ((*outcome)->path, "/enrol");
    EXPECT_EQ((*outcome)->body, "{\"a\":1}");
  }
  EXPECT_EQ(statusOf(read({text.substr(0, text.size() - 1)})), 0U);
}

TEST(HttpRequestReader, readsABodyInChunks) {
  const std::string text =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;n=v\r\n{\"\r\n5\r\na\":1}\r\n0\r\n\r\n";
  for (const auto& pieces : {std::vector<std::string>{text}, letters(text)}) {
    const auto outcome = read(pieces);
    ASSERT_EQ(statusOf(outcome), 200U);
    EXPECT_EQ((*outcome)->body, "{\"a\":1}");
  }
}

TEST(HttpRequestReader, readsAnEndOfChunksThatComesInPieces) {
  const std::string begin = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(statusOf(read({begin + "0\r\n", "\r", "\n"})), 200U);
  EXPECT_EQ(statusOf(read({begin + "0\r\n", "X", ": y\r\n\r\n"})), 200U);
  EXPECT_EQ(statusOf(read({begin + "1\r\nx", "\r\n0\r\n", "\r", "\n"})), 200U);
}

TEST(HttpRequestReader, takesNoMoreOfABodyThanItsLimit) {
  const std::string begin = "POST / HTTP/1.1\r\n";
  const HttpLimits limits{8192, 10};
  EXPECT_EQ(statusOf(read({begin + "Content-Length: 10\r\n\r\n0123456789"}, limits)), 200U);
  EXPECT_EQ(statusOf(read({begin + "Content-Length: 11\r\n\r\n"}, limits)), 413U);
  EXPECT_EQ(statusOf(read({begin + "Content-Length: 18446744073709551615\r\n\r\n"}, limits)), 413U);
  EXPECT_EQ(statusOf(read({begin, "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n", "5\r\n"}, limits)), 413U);
  EXPECT_EQ(statusOf(read({begin, "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"}, limits)), 413U);
}

TEST(HttpRequestReader, takesNoMoreOfAHeaderThanItsLimit) {
  const HttpLimits limits{200, 100};
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(statusOf(read({line + "X: " + std::string(200 - line.size() - 7, 'x') + "\r\n\r\n"}, limits)), 200U);
  EXPECT_EQ(statusOf(read({line + "X: " + std::string(200 - line.size() - 6, 'x') + "\r\n\r\n"}, limits)), 431U);
  EXPECT_EQ(statusOf(read({"GET /" + std::string(200, 'x')}, limits)), 431U);
  EXPECT_EQ(statusOf(read(letters("GET /" + std::string(200, 'x')), limits)), 431U);
  // The line and the fields are each below it.
  const std::string longLine = "GET /" + std::string(140, 'x') + " HTTP/1.1\r\n", field = "X: " + std::string(100, 'x');
  EXPECT_EQ(statusOf(read({longLine + field + "\r\n\r\n"}, limits)), 431U);
}

TEST(HttpRequestReader, countsFieldsThatComeOneByOne) {
  HttpRequestReader reader({});
  ASSERT_FALSE(reader.take("GET / HTTP/1.1\r\nF"));
  const std::string field = "ield: 0123456789\r\nF";
  std::size_t fields = 0;
  std::optional<HttpRequestReader::Outcome> outcome;
  while (!outcome && ++fields < 10'000) outcome = reader.take(field);
  EXPECT_EQ(statusOf(outcome), 431U);
  EXPECT_LE(fields * field.size(), HttpLimits{}.header + field.size());
}

TEST(HttpRequestReader, takesNoMoreAroundChunksThanAHeaderMayBe) {
  const std::string begin = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string chunks;
  for (int i = 0; i < 2000; ++i) chunks += "1\r\nx\r\n";
  const std::string trailer = "0\r\nX: " + std::string(HttpLimits{}.header, 'x') + "\r\n\r\n";
  for (const auto& text : {begin + chunks + "0\r\n\r\n", begin + trailer}) {
    EXPECT_EQ(statusOf(read({text})), 400U);
    EXPECT_EQ(statusOf(read(letters(text))), 400U);
  }
}

TEST(HttpRequestReader, keepsNoMoreOfWhatStandsBetweenChunks) {
  HttpRequestReader reader({});
  ASSERT_FALSE(reader.take("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;"));
  std::size_t taken = 0;
  std::optional<HttpRequestReader::Outcome> outcome;
  for (; !outcome && taken < 1'000'000; taken += 100) outcome = reader.take(std::string(100, 'x'));
  EXPECT_EQ(statusOf(outcome), 400U);
  EXPECT_LE(taken, HttpLimits{}.header + 100);
}

TEST(HttpRequestReader, refusesWhatIsNoRequestWithoutRepeatingIt) {
  for (const std::string text :
       {"secret\r\n\r\n", "GET /secret HTTP/2.0\r\n\r\n", "GET secret\r\n\r\n", "POST / HTTP/1.1\r\nsecret\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    const auto outcome = read({text});
    ASSERT_EQ(statusOf(outcome), 400U) << text;
    EXPECT_THAT(outcome->error().body, Not(HasSubstr("secret")));
  }
}

TEST(Refusal, saysWhatAndWhatToDoAsJson) {
  for (const auto& [status, code] : std::map<unsigned, std::string>{{400, "protocol-error"},
                                                                    {404, "invalid-argument"},
                                                                    {405, "invalid-argument"},
                                                                    {413, "too-large"},
                                                                    {431, "too-large"},
                                                                    {500, "internal"},
                                                                    {504, "timed-out"}}) {
    const auto answer = refusal(status);
    EXPECT_EQ(answer.status, status);
    const auto error = nlohmann::json::parse(answer.body).at("error");
    EXPECT_EQ(error.at("code"), code);
    EXPECT_NE(error.at("cause"), "");
    EXPECT_NE(error.at("nextStep"), "");
  }
}

}  // namespace
}  // namespace beckon::relay
