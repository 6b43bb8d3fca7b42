#pragma once

#include "tests/core/vectors.hpp"
#include "tests/interop/differences.hpp"
#include "tests/localbus/raw_peer.hpp"

namespace beckon::test {

// Whether such a message ends a call.
bool isAnswer(qi::MessageType type);

// Holds messages of ours against those of a recording. What differs and is neither random nor known is a failure of
// the test.
class Comparison {
 public:
  explicit Comparison(Played played) : played_(played) {}

  // Whether one can stand for the other: an answer with the same id, else the same type and address.
  bool isCounterpart(const qi::Header& ours, const qi::Header& theirs) const;
  // Objects are numbered by the process: in the place of a recorded object stands the one of ours that was given where
  // it was.
  qi::Header ofToday(qi::Header header) const;

  // Ours are of a door before the services: what is said of services, who is there and what of it is shown, is the
  // door's own affair, and compared in its headers only.
  void leaveOutWhatADoorSays() { isDoor_ = true; }

  // The id is compared by whoever knows which call is answered.
  void expectSame(const Frame& ours, const qi::test::RecordedMessage& theirs);

  void note(Difference difference) { seen_.insert(difference); }
  const Differences& seen() const { return seen_; }

 private:
  // Registration of an event: service, signal, link.
  using Registration = std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>;

  template <class T>
  void expectSameAs(const Frame& ours, const qi::test::RecordedMessage& theirs);
  template <class T>
  void applyKnown(T& expected, const T& ours);

  void adjust(qi::CapabilityMap& expected, const qi::CapabilityMap& ours);
  void adjust(qi::MetaObject& expected, const qi::MetaObject& ours);
  void adjust(directory::ServiceInfo& expected, const directory::ServiceInfo& ours);
  void adjust(std::vector<directory::ServiceInfo>& expected, const std::vector<directory::ServiceInfo>& ours);
  void adjust(qi::ObjectRef& expected, const qi::ObjectRef& ours);
  void adjust(Registration& expected, const Registration& ours);
  void adjust(std::uint64_t& expected, const std::uint64_t& ours);
  void adjust(PropertyArguments& expected, const PropertyArguments& ours);
  void adjust(Statistics& expected, const Statistics& ours);
  // Whether our side has it, which the recorded one calls by its number.
  bool isOurs(std::uint32_t object) const;
  std::uint32_t ofToday(std::uint32_t object) const;

  const Played played_;
  bool isDoor_ = false;
  std::map<std::uint32_t, std::uint32_t> objects_;  // of ours, by the recorded numbers

  Differences seen_;
  int connection_ = 0;                                            // of the message at hand
  std::map<std::pair<int, std::uint64_t>, std::uint64_t> links_;  // ours for the recorded one of a connection
};

}  // namespace beckon::test
