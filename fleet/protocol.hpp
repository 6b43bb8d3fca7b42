#pragma once

#include "core/run/error.hpp"
#include "fleet/code.hpp"
#include "fleet/statement.hpp"
#include "xmpp/element.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

// What principals and their relay's component say to each other, namespace urn:beckon:fleet:0
// (docs/protocol/fleet.md): the payloads, written and read. Reading fails with protocolError.
namespace beckon::fleet {

inline constexpr std::string_view ns = "urn:beckon:fleet:0";

// Names of the payloads.
inline constexpr std::string_view membersName = "fleet";        // get; the answer has that name, too
inline constexpr std::string_view codeName = "code";            // set, by the owner
inline constexpr std::string_view statementName = "statement";  // set, by the owner; and in presence
inline constexpr std::string_view revokeName = "revoke";        // set, by the owner
inline constexpr std::string_view secretName = "secret";        // set, by anybody for his own account
inline constexpr std::string_view aliveName = "alive";          // get, from the relay; a headline, to one that asks not
inline constexpr std::string_view changedName = "changed";      // a headline, from the relay

// A relay that does not ask its robots is told so often that one is there.
inline constexpr std::chrono::milliseconds heartbeat{5000};
// A robot that was silent for longer is not taken for there, whatever its presence says: two heartbeats were lost, or
// it did not answer. A server notices a computer that is gone in minutes.
inline constexpr std::chrono::milliseconds suspicion{12000};

// A member as the relay tells of it.
struct MemberInfo {
  std::string account;
  Kind kind = Kind::robot;
  run::PublicKey key{};
  std::string id;  // Claim::id
  WallTime enrolled{};
  bool isConfirmed = false;  // it has logged in
  bool isCloned = false;     // two computers log in as this one, in turn
  std::optional<WallTime> revoked;
  std::optional<std::chrono::milliseconds> silence;  // of a robot: since it was last heard, at least
  std::optional<Statement> statement;
  // To the owner, of one that has no statement: by which code it came, and what proves that it had it.
  std::optional<Bytes32> codeHash, proof;
};

// Where a code leads to.
struct MembersInfo {
  Code::Place place;         // with the fleet's name
  Kind asker = Kind::robot;  // who asked
  bool asksRobots = false;   // whether they are alive; they need not say so by themselves
  std::vector<MemberInfo> members;
  // The account of the last of them where there are more, which are told to who asks for those after it.
  std::string more;
};

// `after`: MembersInfo::more of the answer before; empty: from the first member.
xmpp::Element membersRequest(const std::string& after = {});
// Of a robot. `run`: names one of its program, so that two at once are found out. `known`: the statement that it has;
// then it is told of itself alone, and of no statement but another one.
xmpp::Element robotRequest(const std::string& run, const std::optional<Statement>& known = {});
// The signature of that. None: it knows none, or nothing can be read of it.
std::optional<run::Signature> knownSignature(const xmpp::Element& request);
xmpp::Element membersResult(const MembersInfo& info);
run::Result<MembersInfo> readMembers(const xmpp::Element& result);

// A code that the owner's device has made.
struct CodeOffer {
  Bytes32 hash{};
  Kind kind = Kind::robot;
  std::string name;  // empty: whoever has the code says his; else it may replace who has it
  std::chrono::seconds lifetime{0};
  run::PublicKey ownerKey{};
  Bytes32 introduction{};
};
xmpp::Element codeRequest(const CodeOffer& offer);
run::Result<CodeOffer> readCode(const xmpp::Element& request);

// As it stands in presence: without the account, which is the sender's.
xmpp::Element statementElement(const Statement& statement);
run::Result<Statement> readStatement(const xmpp::Element& element, std::string account);
// The same as a request, which names the account.
xmpp::Element statementRequest(const Statement& statement);
run::Result<Statement> readStatementRequest(const xmpp::Element& request);

xmpp::Element revokeRequest(const std::string& account);

// RFC 6121 section 5.2.2: a message that goes to whoever of the account is there, and is kept for nobody.
xmpp::Element headline(std::string_view payload, const std::string& to);

// The next password of who asks.
xmpp::Element secretRequest(const std::string& secret);

}  // namespace beckon::fleet
