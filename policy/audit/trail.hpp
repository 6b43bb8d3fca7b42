#pragma once

#include "core/run/log.hpp"
#include "core/run/unique_function.hpp"
#include "policy/audit/entry.hpp"
#include "policy/audit/flood.hpp"
#include "policy/audit/segment.hpp"
#include "policy/audit/segment_file.hpp"
#include "policy/view.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace beckon::policy::audit {

struct Options {
  enum class WhenFull {
    stop,  // whoever asks for something is refused until there is room
    goOn   // it is done all the same, with an alarm, and what is missing is counted
  };
  enum class Survives {
    kill,      // what has been answered is in the record whatever becomes of this process
    powerLoss  // or of this computer
  };

  std::filesystem::path folder;
  std::uint64_t segment = 64 * 1024 * 1024;  // bytes from which another is begun
  std::uint64_t keep = 1024 * 1024 * 1024;   // bytes of all; the oldest go first
  std::chrono::days days{90};                // how old a segment may get that nothing is written to any more
  WhenFull whenFull = WhenFull::stop;
  Survives survives = Survives::kill;
};

// The record of a robot: what was decided for whom, what became of it (docs/design/028, docs/protocol/audit.md).
// Entries of one turn of the loop are written at once, chained to what is before them. Whoever answers somebody outside
// has the entries of that written first: flush(), or whenWritten(). Lives on one executor.
class Trail : public std::enable_shared_from_this<Trail> {
 public:
  static constexpr std::chrono::seconds retry{1};
  // What may wait to be written while the disk is full; more is counted as lost.
  static constexpr std::size_t mostWaiting = 4 * 1024 * 1024;
  // What stays reserved for calls that are under way when the disk fills up: some 600 entries.
  static constexpr std::uint64_t reserve = 256 * 1024;

  // Makes the folder (0700), which nobody else may write to meanwhile. Puts aside what a process that died left behind
  // the last link of the chain. Errors: invalidConfig.
  static run::Result<std::shared_ptr<Trail>> open(boost::asio::any_io_executor executor, Options options, run::Log log,
                                                  Clock clock = Clock::real());
  ~Trail();  // what was added is written
  Trail(const Trail&) = delete;
  Trail& operator=(const Trail&) = delete;

  // Told each entry that is added, written or not: whoever counts them. One handler.
  void onEntry(std::function<void(const Entry&)> handler) { onEntry_ = std::move(handler); }
  // Written at the end of this turn, or by flush(). Of a flood of refusals of one caller a part is only counted.
  // False for a refusal that is only counted, or what is lost: it is not waited for.
  bool add(const Entry& entry);
  // Whether a new request may be carried out: there is room to say so.
  bool takesMore() const { return options_.whenFull == Options::WhenFull::goOn || isSound(); }
  // Whether what is added is written, and there is room for more.
  bool isSound() const { return !isFailing_ && !isLow_; }
  // What a request is answered with that may not.
  static run::Error failure();
  // Writes what was added. False: it is not written, and answers to it have to wait.
  bool flush();
  // `handler` is called as soon as what was added until now is written: before this returns, if it can be.
  void whenWritten(run::UniqueFunction<void()> handler);

  // A name for a session that no other has, before or after a restart.
  std::string newSession() { return run_ + "-" + std::to_string(++lastSession_); }
  std::chrono::steady_clock::time_point now() const { return clock_.steady(); }
  const Link& link() const { return link_; }
  void close();

 private:
  Trail(boost::asio::any_io_executor executor, Options options, run::Log log, Clock clock);
  run::Result<> begin();
  run::Result<> lock();
  run::Result<> goOnWith(const SegmentName& last);
  run::Result<> beginSegment(std::uint64_t number);
  run::Result<> write();
  run::Result<> put(std::string& lines, std::uint64_t count);
  void write(std::string& out, const Entry& entry);
  void reserveRoom();
  void append(const Entry& entry);
  void countRefusals(bool isAll);
  void sweep();
  void failed(const run::Error& error);
  void alarm(const run::Error& error);
  void tryAgain();
  void wait();

  boost::asio::any_io_executor executor_;
  Options options_;
  run::Log log_;
  Clock clock_;
  boost::asio::steady_timer timer_;
  std::string run_;  // of this process
  std::uint64_t lastSession_ = 0;

  int lock_ = -1;  // a file of the folder, held until it is closed
  SegmentFile file_;
  std::uint64_t number_ = 0;  // of the segment
  Chainer chainer_;
  Link link_;
  Writer writer_;
  std::string pending_;  // lines
  std::uint64_t pendingLines_ = 0, lost_ = 0;
  Flood flood_;
  std::function<void(const Entry&)> onEntry_;
  std::vector<run::UniqueFunction<void()>> waiting_;
  bool isScheduled_ = false, isWaiting_ = false, isClosed_ = false;
  bool isFailing_ = false;  // the last write was not carried out
  bool isLow_ = false;      // there is no room that could be reserved
  std::chrono::steady_clock::time_point swept_{}, alarmed_{};
};

}  // namespace beckon::policy::audit
