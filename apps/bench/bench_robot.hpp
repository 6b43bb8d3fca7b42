#pragma once

#include "core/run/log.hpp"
#include "fleet/statement.hpp"
#include "xmpp/client.hpp"
#include "xmpp/client_stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beckon::bench {

// What all robots of a bench have in common. It outlives them.
struct RobotSettings {
  xmpp::ClientStreamConfig stream;  // but for the account
  xmpp::Jid owner;                  // bare
  // The component that asks whether they are alive, and that they ask what the owner has signed. None: a bare client,
  // which does what any client does (roster, presence, capabilities, pings), and nothing of Beckon's.
  std::optional<xmpp::Jid> relay;
  // What the owner has signed of robots that have been there before, by the names of their accounts.
  std::map<std::string, fleet::Statement> statements = {};
};

// As much of beckond as the server and the relay have to do with: the same stream, roster, presence, requests and
// answers, and no bus. All on one executor.
class BenchRobot {
 public:
  struct Events {
    std::function<void()> online;  // its presence is announced
    std::function<void()> failed;  // an attempt to come online, or what was online
  };

  // `name`: the node of its account, 32 characters at most.
  BenchRobot(boost::asio::any_io_executor executor, const RobotSettings& settings, const std::string& name,
             Events events, run::Log log);

  // The account of that number, counted from 1: "robot-00001".
  static std::string nameOf(std::size_t number);
  // What stands for a key: nothing is ever signed by it. Its first bytes are the name.
  static run::PublicKey keyOf(const std::string& name);

  void logIn();
  void logOut();  // what was learned stays
  bool online() const { return client_ && client_->online(); }
  const xmpp::Jid& account() const { return account_; }
  // Its presence says something new from now on.
  void change();
  // One request through the component; of a bare client a ping of its server.
  using Answered = std::function<void(bool isAnswered)>;
  void ask(Answered answered);
  // The relay has told what the owner has signed of it.
  bool isTold() const { return isTold_; }

 private:
  std::vector<xmpp::Element> payload() const;
  void cameOnline();
  void refresh();
  void learn(const xmpp::Element& answer);

  boost::asio::any_io_executor executor_;
  const RobotSettings& settings_;
  std::string name_;
  xmpp::Jid account_;
  Events events_;
  run::Log log_;
  std::string login_, run_;
  int battery_ = 80;
  std::optional<fleet::Statement> statement_;
  bool isTold_ = false;                   // since it logged in
  std::unique_ptr<xmpp::Client> client_;  // while it is logged in, or tries to
};

}  // namespace beckon::bench
