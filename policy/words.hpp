#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace beckon::policy {

// What somebody outside wants to do. `list` is about a service, `provide` about the name of one; the others about a
// member. In a policy file `provide` is called "register".
enum class Verb : std::uint8_t { list, call, post, get, set, watch, provide };
inline constexpr std::array everyVerb{Verb::list, Verb::call,  Verb::post,   Verb::get,
                                      Verb::set,  Verb::watch, Verb::provide};

// The way by which somebody came in, and how far it is to be trusted: an IQ call as far as the XMPP server, the LAN
// door as far as its TLS, a link from end to end.
enum class Door : std::uint8_t { iq, lan, link };

// What a member is. A name may be several of them; a property's signal is watched as the property.
enum class Kind : std::uint8_t { method, signal, property };

std::string_view text(Verb verb);
std::string_view text(Door door);
std::optional<Verb> verbOf(std::string_view text);
std::optional<Door> doorOf(std::string_view text);

// A set of verbs.
class Verbs {
 public:
  constexpr Verbs() = default;
  template <class... More>
  constexpr explicit Verbs(Verb first, More... more)
      : bits_(static_cast<std::uint8_t>(bit(first) | (0 | ... | bit(more)))) {}
  // Everything but `provide`, which a rule has to name.
  static constexpr Verbs usual() {
    return Verbs(Verb::list, Verb::call, Verb::post, Verb::get, Verb::set, Verb::watch);
  }
  // Those that can be done with a member of this kind. To post to a signal is to let the service emit it.
  static constexpr Verbs of(Kind kind) {
    return kind == Kind::method   ? Verbs(Verb::call, Verb::post)
           : kind == Kind::signal ? Verbs(Verb::watch, Verb::post)
                                  : Verbs(Verb::get, Verb::set, Verb::watch);
  }
  constexpr bool has(Verb verb) const { return bits_ & bit(verb); }
  constexpr bool hasAnyOf(Verbs others) const { return bits_ & others.bits_; }
  constexpr bool isEmpty() const { return bits_ == 0; }
  constexpr void add(Verbs others) { bits_ = static_cast<std::uint8_t>(bits_ | others.bits_); }
  bool operator==(const Verbs&) const = default;

 private:
  static constexpr unsigned bit(Verb verb) { return 1u << static_cast<unsigned>(verb); }
  std::uint8_t bits_ = 0;
};

}  // namespace beckon::policy
