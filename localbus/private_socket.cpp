#include "localbus/private_socket.hpp"

#include "core/run/uuid.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace beckon::localbus {
namespace {

namespace fs = std::filesystem;
using run::Code;
using run::Error;

fs::path folder() {
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && *runtime == '/')
    return fs::path(runtime) / "beckon";
  return fs::path("/tmp") / ("beckon-" + std::to_string(::getuid()));
}

// In /tmp anybody could have made it first.
run::Result<> makePrivate(const fs::path& path) {
  const auto cannot = [&](const std::string& why) {
    return Error{Code::unreachable, "cannot keep sockets in " + path.string() + ": " + why,
                 "set XDG_RUNTIME_DIR to a folder of your own"};
  };
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot(std::strerror(errno));
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return cannot(std::strerror(errno));
  if (!S_ISDIR(about.st_mode) || about.st_uid != ::getuid() || (about.st_mode & 0077) != 0)
    return cannot("it is not a folder that only this user may enter");
  return {};
}

// A listener's socket has a hidden name until it listens (Listener::openUnix), which takes no time. What still has one
// after that long was left by a process that was killed meanwhile.
constexpr auto longestDraft = std::chrono::minutes(1);

bool isBeingMade(const fs::directory_entry& entry) {
  std::error_code gone;
  const auto made = entry.last_write_time(gone);
  return entry.path().filename().string().starts_with('.') &&
         (gone || fs::file_time_type::clock::now() - made < longestDraft);
}

// Nobody listens on the socket of a process that is gone.
void sweep(const fs::path& path) {
  boost::asio::io_context io;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    if (!entry.is_socket(ignored) || isBeingMade(entry)) continue;
    boost::asio::local::stream_protocol::socket socket(io);
    boost::system::error_code problem;
    socket.connect(boost::asio::local::stream_protocol::endpoint(entry.path().string()), problem);
    if (problem == boost::asio::error::connection_refused) fs::remove(entry.path(), ignored);
  }
}

}  // namespace

run::Result<Endpoint> newPrivateSocket() {
  const auto path = folder();
  if (const auto made = makePrivate(path); !made) return made.error();
  sweep(path);
  return Endpoint::unixSocket((path / (run::makeUuid() + ".sock")).string());
}

}  // namespace beckon::localbus
