#include "cloud-relay/http_request.hpp"

#include "fleet/enrolment.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace beckon::relay {

namespace http = boost::beast::http;
using boost::system::error_code;
using run::Code;
using run::Error;

namespace {

Error reasonOf(unsigned status) {
  switch (status) {
    case 400:
      return {Code::protocolError, "the request is no HTTP that can be read", "look at what sent it"};
    case 404:
      return {Code::invalidArgument, "there is nothing at this path", "check the address, and that both ends are new"};
    case 405:
      return {Code::invalidArgument, "this path is not asked in that way", "see Allow in the header of this answer"};
    case 413:
      return {Code::tooLarge, "the body of the request is too large", "send less"};
    case 431:
      return {Code::tooLarge, "the header of the request is too large", "send less"};
    case 504:
      return {Code::timedOut, "what was asked for is not done in time", "try again later"};
    default:
      return {Code::internal, "the request was not answered", "try again; the log of the service may tell why"};
  }
}

// The least that ends a body in chunks: "0\r\n\r\n". Beast 1.81 aborts when its end comes in pieces below that.
constexpr std::size_t leastOfChunks = 5;

unsigned statusOf(error_code problem) {
  if (problem == http::error::header_limit) return 431;
  return problem == http::error::body_limit ? 413 : 400;
}

std::string textOf(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

HttpAnswer refusal(unsigned status) { return {status, fleet::errorJson(reasonOf(status))}; }

struct HttpRequestReader::State {
  explicit State(HttpLimits given) : limits(given) {
    parser.header_limit(static_cast<std::uint32_t>(limits.header));
    parser.body_limit(limits.body);
  }

  HttpLimits limits;
  http::request_parser<http::string_body> parser;
  std::string rest;                   // what the parser has not taken yet
  std::size_t header = 0, after = 0;  // what it took of the header, and of what follows
};

HttpRequestReader::HttpRequestReader(HttpLimits limits) : state_(std::make_unique<State>(limits)) {}

HttpRequestReader::~HttpRequestReader() = default;

std::optional<HttpRequestReader::Outcome> HttpRequestReader::take(std::string_view arrived) {
  auto& [limits, parser, rest, header, after] = *state_;
  rest.append(arrived);
  std::size_t used = 0;
  error_code problem;
  while (!parser.is_done() && used < rest.size() && problem != http::error::need_more) {
    const bool isInHeader = !parser.is_header_done();
    if (!isInHeader && parser.chunked() && rest.size() - used < leastOfChunks) break;
    const auto taken = parser.put({rest.data() + used, rest.size() - used}, problem);
    used += taken;
    (isInHeader ? header : after) += taken;
    if (problem && problem != http::error::need_more) return Outcome(refusal(statusOf(problem)));
  }
  rest.erase(0, used);
  const auto pending = parser.is_done() ? 0 : rest.size();
  // Beast's own limit begins again with each piece that ends one byte into a field.
  if (header + (parser.is_header_done() ? 0 : pending) > limits.header) return Outcome(refusal(431));
  // What stands around the chunks of a body, for which Beast has no limit.
  if (parser.is_header_done() && after + pending - parser.get().body().size() > limits.header)
    return Outcome(refusal(400));
  if (!parser.is_done()) return {};
  auto& request = parser.get();
  const auto target = textOf(request.target());
  return Outcome(
      HttpRequest{textOf(request.method_string()), target.substr(0, target.find('?')), std::move(request.body()), {}});
}

}  // namespace beckon::relay
