#pragma once

#include "tests/support/authority.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::test {

// An XMPP server of the test's own: Debian's Prosody in a private folder, on a free port of 127.0.0.1, with an
// authority and a certificate made for it. Ready when constructed, gone without a trace when destroyed.
class Prosody {
 public:
  struct Account {
    std::string name, password;
  };

  struct Options {
    std::string domain = "robots.test";
    std::string certificateFor;            // empty: the domain
    std::string passwordHash = "SHA-256";  // of the SCRAM mechanism offered; Prosody's own default is "SHA-1"
    bool expired = false;                  // the certificate
    std::map<std::string, std::string> components = {};  // their secrets by domain (XEP-0114)
    std::vector<std::string> administrators = {};        // JIDs
    std::vector<std::string> modules = {};               // of the domain, beside the usual
    bool hasDirectTls = false;                           // at a port of its own, too
  };

  explicit Prosody(std::initializer_list<Account> accounts) : Prosody(accounts, Options{}) {}
  Prosody(std::initializer_list<Account> accounts, Options options);

  std::string host() const { return "127.0.0.1"; }
  unsigned short port() const { return port_; }
  unsigned short directTlsPort() const { return directTlsPort_; }
  unsigned short componentPort() const { return componentPort_; }
  const std::string& domain() const { return options_.domain; }
  std::string caFile() const { return (folder_.path() / "authority.pem").string(); }
  std::string jid(const std::string& name) const { return name + "@" + options_.domain; }
  std::string log() const;  // what it said, for a test that fails

  void kill();   // -9
  void start();  // again, on the same port with the same accounts

 private:
  TemporaryFolder folder_;
  Options options_;
  unsigned short port_, componentPort_, directTlsPort_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace beckon::test
