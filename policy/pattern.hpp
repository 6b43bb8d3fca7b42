#pragma once

#include "core/run/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beckon::policy {

// A text in which each `*` stands for any characters, none too. Matching takes at most the product of both lengths
// (never more than one star is tried again), so that nobody can make it slow with a name from outside.
class Glob {
 public:
  Glob() = default;
  explicit Glob(std::string text);
  bool matches(std::string_view name) const;
  // Whether some name matches both. Takes the product of both lengths.
  bool meets(const Glob& other) const;
  // Whether whatever matches the other matches this one.
  bool contains(const Glob& other) const { return matches(other.text_); }
  bool isLiteral() const { return isLiteral_; }
  bool isAll() const { return text_ == "*"; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool isLiteral_ = true;
};

// Longest name of a principal, service or member that is looked at; a longer one matches nothing, `*` included. A JID
// has 2047 bytes at most without its resource (RFC 7622 section 3).
inline constexpr std::size_t longestName = 2047;

// Who acts, as text and always in this form: a bare JID in lower case as xmpp::Jid::bare() gives it; "token:NAME"; or
// "key:SHA256:" and the 64 lower case hex digits of the SHA-256 of a TLS client's public key (SubjectPublicKeyInfo).
//
// As a pattern: `*` in it stands for characters within one part, of a JID before or behind the @; a lone `*` is
// everybody; "role:NAME" is who has that role.
class PrincipalPattern {
 public:
  enum class What { everybody, account, token, key, role };

  static run::Result<PrincipalPattern> parse(std::string_view text);
  // Not of a role: who has one is said by the policy and by the principal's credential.
  bool matches(std::string_view principal) const;
  What what() const { return what_; }
  // Names one principal.
  bool isOne() const {
    return what_ != What::everybody && what_ != What::role && first_.isLiteral() && last_.isLiteral();
  }
  // Of a role its name; of the others the normal form.
  const std::string& text() const { return text_; }
  std::string written() const { return what_ == What::role ? "role:" + text_ : text_; }

 private:
  What what_ = What::everybody;
  Glob first_, last_;  // an account's node and domain; of the others what follows the last colon
  bool hasNode_ = false;
  std::string text_;
};

// What is done something with: "Service.member", "Service" for all of its members and itself, `*` for everything; `*`
// stands for characters within the service's name or the member's. Service names may hold dots: the member is what
// follows the last one, so that all of a service "a.b" is "a.b.*".
class MemberPattern {
 public:
  static run::Result<MemberPattern> parse(std::string_view text);
  bool matchesService(std::string_view name) const { return service_.matches(name); }
  bool matches(std::string_view service, std::string_view member) const {
    return service_.matches(service) && member_.matches(member);
  }
  // Whether some member matches both.
  bool meets(const MemberPattern& other) const {
    return service_.meets(other.service_) && member_.meets(other.member_);
  }
  // Whether each member that matches the other matches this one.
  bool contains(const MemberPattern& other) const {
    return service_.contains(other.service_) && member_.contains(other.member_);
  }
  // Of a service that matches: all of it.
  bool isWholeService() const { return member_.isAll(); }
  std::string written() const { return service_.text() + "." + member_.text(); }

 private:
  Glob service_, member_;
};

}  // namespace beckon::policy
