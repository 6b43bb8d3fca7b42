#include "xmpp/outflow.hpp"

#include "xmpp/retry.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>

namespace beckon::xmpp {
namespace {

using run::Code;
using run::Error;
using run::Result;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t smallestWindow = 4096, largestWindow = 262144;
// What a server takes at once before its rate holds: ejabberd's burst_size as it comes; Prosody has less.
constexpr std::size_t burstSize = 20000;
constexpr Seconds quickAnswer{1.6}, slowAnswer{2.0};  // an answer that lets the window grow, or shrink
constexpr auto unbounded = std::numeric_limits<std::size_t>::max();

Element headOf(const Element& stanza) {
  Element out(stanza.name, stanza.xmlns);
  out.attributes = stanza.attributes;
  return out;
}

bool isOfOurs(const Element& stanza) {
  const auto type = stanza.attribute("type");
  return stanza.name == "presence" || (stanza.name == "iq" && (type == "get" || type == "set"));
}

}  // namespace

Result<> Outflow::push(const Element& stanza, std::string xml, Time now) {
  if (isRefused(xml.size(), now)) return tooLarge(xml.size());
  const auto age = waiting_.empty() ? Time::duration::zero() : now - waiting_.front().since;
  if (age > (isOfOurs(stanza) ? longestHoldOfOurs : longestHold))
    return Error{Code::overloaded,
                 "the XMPP server takes less than is being sent: the connection is " +
                     inSeconds(std::chrono::duration_cast<std::chrono::milliseconds>(age)) + " behind, by " +
                     std::to_string(waitingBytes_) + " bytes",
                 "send less, or raise the server's rate limit"};
  waitingBytes_ += xml.size();
  waiting_.push_back({xml.size() > small ? headOf(stanza) : Element(), std::move(xml), now});
  return {};
}

Outflow::Batch Outflow::next(Time now) {
  Batch out;
  const bool isClear = outstanding_ == 0;
  while (!waiting_.empty()) {
    auto& first = waiting_.front();
    const auto bytes = first.xml.size();
    if (isRefused(bytes, now)) {
      out.refused.push_back({std::move(first.head), tooLarge(bytes)});
    } else {
      const bool isProbed = !pace_ && bytes > probe;
      if (isProbed && outstanding_ == 0 && !asked_ && !again_) {
        out.bytes.assign(probe, ' ');  // between stanzas it means nothing (RFC 6120 section 11.7)
        outstanding_ = probe;
      }
      out.asks = isProbed || (outstanding_ > 0 && outstanding_ + bytes > window_);
      if (out.asks) break;
      out.bytes += first.xml;
      outstanding_ += bytes;
    }
    waitingBytes_ -= bytes;
    waiting_.pop_front();
  }
  out.asks = !asked_ && (again_ || out.asks || outstanding_ >= window_ / 2);
  if (!out.asks) return out;
  asked_ = again_ ? std::exchange(again_, std::nullopt) : Question{now, outstanding_, isClear && outstanding_ >= probe};
  return out;
}

void Outflow::taken(Time now) {
  if (!asked_) return;
  const auto question = *std::exchange(asked_, std::nullopt);
  if (!question.isAgain) outstanding_ -= question.bytes;
  const Seconds took = std::max<Seconds>(now - question.at, std::chrono::milliseconds(1));
  if (took <= quickAnswer) window_ = std::min(2 * window_, largestWindow);
  if (took > slowAnswer) window_ = std::max(window_ / 2, smallestWindow);
  if (question.isMeasured && !question.isAgain && took <= quickAnswer) {
    again_ = question;
    again_->isAgain = true;
  } else if (question.isMeasured) {
    pace_ = Pace{question.bytes, took.count(), now};
  } else if (took > slowAnswer && pace_ && largest(*pace_) == unbounded) {
    pace_.reset();  // it was quick once
  }
}

std::string Outflow::flush() {
  std::string out;
  for (const auto& entry : waiting_) out += entry.xml;
  waiting_.clear();
  waitingBytes_ = 0;
  return out;
}

// ejabberd needs 2.2 s for the probe, Prosody more; what is quicker is a link. How long more takes is seen then.
std::size_t Outflow::largest(const Pace& pace) {
  if (pace.seconds <= quickAnswer.count()) return unbounded;
  const auto beyond = static_cast<double>(pace.bytes - burstSize) * Seconds(longestHold).count() / pace.seconds;
  return std::max(small, static_cast<std::size_t>(beyond));
}

bool Outflow::isRefused(std::size_t bytes, Time now) {
  if (!pace_) return false;
  const auto most = largest(*pace_);
  if (most != unbounded && now - pace_->at >= memory) pace_.reset();
  return pace_ && bytes > most;
}

Error Outflow::tooLarge(std::size_t bytes) const {
  std::array<char, 32> took{};
  std::snprintf(took.data(), took.size(), "%.1f s", pace_->seconds);
  return {Code::tooLarge,
          "a message of " + std::to_string(bytes) + " bytes would hold up all others: the XMPP server took " +
              std::to_string(pace_->bytes) + " bytes in " + took.data() + ", so that no more than " +
              std::to_string(largest(*pace_)) + " may be sent at once",
          "send less at once, or raise the server's rate limit (docs/relay.md, \"Rate limits\")"};
}

}  // namespace beckon::xmpp
