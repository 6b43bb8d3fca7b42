#include "xmpp/trust.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace beckon::xmpp {

run::Result<std::shared_ptr<boost::asio::ssl::context>> trust(const std::string& caFile) {
  auto out = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  boost::system::error_code problem;
  SSL_CTX_set_min_proto_version(out->native_handle(), TLS1_2_VERSION);
  out->set_default_verify_paths(problem);  // a system without authorities has none to believe
  if (caFile.empty()) return out;
  if (access(caFile.c_str(), R_OK) != 0)
    return run::Error{run::Code::invalidConfig,
                      "the file of authorities " + caFile + " cannot be read: " + std::strerror(errno),
                      "correct xmpp.ca_file in the configuration"};
  out->load_verify_file(caFile, problem);
  if (problem)
    return run::Error{run::Code::invalidConfig, "the file of authorities " + caFile + " holds no certificate in PEM",
                      "correct xmpp.ca_file in the configuration"};
  return out;
}

}  // namespace beckon::xmpp
