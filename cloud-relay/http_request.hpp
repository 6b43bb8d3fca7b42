#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::relay {

struct HttpRequest {
  std::string method;   // "POST"
  std::string path;     // without the query
  std::string body;     // as it came: a stranger wrote it
  std::string address;  // whose it is, for counting: IPv4, or the /64 of IPv6
};

struct HttpAnswer {
  unsigned status = 200;
  std::string body;          // JSON
  std::string allowed = {};  // with 405: the methods that the path has
};

// What a request may take of the memory.
struct HttpLimits {
  std::size_t header = 8 * 1024;  // the request line and all fields; and what stands around the chunks of a body
  std::size_t body = 16 * 1024;
};

// As fleet::errorJson() writes it, with nothing in it that the client sent.
HttpAnswer refusal(unsigned status);

// One request of HTTP/1.0 or 1.1 from bytes as they arrive. Keeps a part that is not whole yet, within the limits.
class HttpRequestReader {
 public:
  // The address is left empty. An error is what to answer: 400, 413, 431.
  using Outcome = boost::system::result<HttpRequest, HttpAnswer>;

  explicit HttpRequestReader(HttpLimits limits);
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  // Nothing: more has to come. Not called again after an outcome; what came behind the request is dropped.
  std::optional<Outcome> take(std::string_view arrived);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace beckon::relay
