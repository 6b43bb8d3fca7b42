#include "policy/audit/trail.hpp"

#include "core/run/uuid.hpp"
#include "policy/token.hpp"

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace beckon::policy::audit {

using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::hours sweepEvery{1};
constexpr std::chrono::minutes alarmEvery{1};
constexpr std::size_t keptBuffer = 1024 * 1024;

Error unusable(const std::filesystem::path& folder, const std::string& why) {
  return {Code::invalidConfig, "the record in " + folder.string() + " cannot be used: " + why,
          "look at that folder; beckon audit verify says what is wrong with a record"};
}

}  // namespace

Trail::Trail(boost::asio::any_io_executor executor, Options options, run::Log log, Clock clock)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      log_(std::move(log)),
      clock_(std::move(clock)),
      timer_(executor_),
      run_(run::makeUuid().substr(0, 8)) {}

Trail::~Trail() { close(); }

Result<std::shared_ptr<Trail>> Trail::open(boost::asio::any_io_executor executor, Options options, run::Log log,
                                           Clock clock) {
  std::shared_ptr<Trail> out(new Trail(std::move(executor), std::move(options), std::move(log), std::move(clock)));
  if (const auto begun = out->begin(); !begun) return begun.error();
  return out;
}

Result<> Trail::begin() {
  std::error_code problem;
  std::filesystem::create_directories(options_.folder, problem);
  if (problem || ::chmod(options_.folder.c_str(), 0700) != 0)
    return unusable(options_.folder, problem ? problem.message() : "its mode cannot be set");
  if (const auto ours = lock(); !ours) return ours.error();
  const auto segments = segmentsOf(options_.folder);
  if (!segments) return segments.error();
  const auto begun = segments->empty() ? beginSegment(1) : goOnWith(segments->back());
  if (!begun) return unusable(options_.folder, begun.error().cause);
  reserveRoom();
  sweep();
  return {};
}

// Of two that write, each would go on from the same link, and cut what the other is writing.
Result<> Trail::lock() {
  const auto path = options_.folder / ".lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return unusable(options_.folder, std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  return Error{Code::invalidConfig, "another process writes the record in " + options_.folder.string(),
               "end the beckond that runs already, or give this one a state of its own (robot.state)"};
}

// The last segment of an earlier process. What is behind its last link was never answered.
Result<> Trail::goOnWith(const SegmentName& last) {
  const auto text = readSegment(last.path);
  if (!text) return text.error();
  const auto head = Head::parse(std::string_view(*text).substr(0, text->find('\n')));
  Batches batches(*text);
  while (const auto batch = batches.next()) link_ = batch->end.link;
  const auto torn = batches.rest();
  const bool isWhole = batches.position() > 0;
  if (isWhole && !head) return Error{Code::invalidConfig, last.path.string() + " does not begin as a segment", {}};
  if (!torn.empty()) {
    std::ofstream aside(last.path.string() + ".torn", std::ios::binary | std::ios::app);
    if (!(aside << torn << std::flush))
      return Error{Code::invalidConfig, "cannot write " + last.path.string() + ".torn", {}};
    ::chmod((last.path.string() + ".torn").c_str(), 0600);
  }
  number_ = last.number;
  auto file = SegmentFile::open(last.path);
  if (!file) return file.error();
  file_ = std::move(*file);
  if (!torn.empty())
    if (const auto cut = file_.cut(batches.position()); !cut) return cut;
  if (!isWhole) {
    // It was begun and no more: the one before it tells how the chain goes on.
    file_ = SegmentFile();
    std::filesystem::remove(last.path);
    const auto before = segmentsOf(options_.folder);
    if (!before) return before.error();
    if (!before->empty()) {
      const auto whole = readSegment(before->back().path);
      if (!whole) return whole.error();
      Batches ended(*whole);
      while (const auto batch = ended.next()) link_ = batch->end.link;
    } else if (head) {
      link_ = head->after;
    }
    if (const auto begun = beginSegment(last.number); !begun) return begun;
  }
  if (!torn.empty())
    add({.what = What::torn,
         .note = last.path.filename().string() + ".torn has " + std::to_string(torn.size()) +
                 " bytes that were being written when the robot's side ended"});
  return {};
}

Result<> Trail::beginSegment(std::uint64_t number) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall());
  auto file = SegmentFile::open(options_.folder / segmentFileName(now, number));
  if (!file) return file.error();
  std::swap(file_, *file);
  const auto before = std::exchange(number_, number);
  auto head = Head{number, link_}.text();
  if (const auto written = put(head, 1); !written) {
    // As if it had not been tried.
    const auto path = file_.path();
    std::swap(file_, *file);
    number_ = before;
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return written;
  }
  return {};
}

bool Trail::add(const Entry& entry) {
  if (isClosed_) return false;
  if (onEntry_) onEntry_(entry);
  // The room that is left when the disk fills up is for what was let through before.
  if (entry.outcome == Outcome::refused && !flood_.takes(entry.who, clock_.steady(), !isSound())) {
    wait();
    return false;
  }
  if (pending_.size() >= mostWaiting || (isFailing_ && options_.whenFull == Options::WhenFull::goOn)) {
    ++lost_;
    return false;
  }
  append(entry);
  return true;
}

void Trail::write(std::string& out, const Entry& entry) {
  const auto clock = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady().time_since_epoch());
  writer_.write(out, entry, clock_.wall(), clock);
}

void Trail::append(const Entry& entry) {
  write(pending_, entry);
  ++pendingLines_;
  if (isScheduled_ || isFailing_ || isClosed_) return;
  isScheduled_ = true;
  boost::asio::post(executor_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->isScheduled_ = false;
    self->flush();
  });
}

Error Trail::failure() {
  return {Code::auditFailed, "the robot cannot write its record of what it does, and so does nothing",
          "have its owner make room on the robot's disk; it goes on by itself"};
}

bool Trail::flush() {
  if (pending_.empty()) return true;
  if (isFailing_) return options_.whenFull == Options::WhenFull::goOn;
  const auto written = write();
  if (written) return true;
  failed(written.error());
  return options_.whenFull == Options::WhenFull::goOn;
}

void Trail::whenWritten(run::UniqueFunction<void()> handler) {
  if (flush()) return handler();
  waiting_.push_back(std::move(handler));
}

Result<> Trail::write() {
  if (file_.size() >= options_.segment) {
    if (const auto begun = beginSegment(number_ + 1); !begun) return begun;
    sweep();
  } else if (clock_.steady() - swept_ >= sweepEvery) {
    sweep();
  }
  if (lost_ > 0) {
    std::string line;
    write(line, {.what = What::lost, .count = lost_});
    if (const auto written = put(line, 1); !written) return written;
    lost_ = 0;
  }
  if (pending_.empty()) return {};
  if (const auto written = put(pending_, pendingLines_); !written) return written;
  pendingLines_ = 0;
  if (pending_.capacity() > keptBuffer) pending_ = std::string();
  if (!isLow_) reserveRoom();
  return {};
}

// One batch; `lines` are empty then. What is not written is as it was.
Result<> Trail::put(std::string& lines, std::uint64_t count) {
  const auto next = chainer_.next(link_, lines);
  const auto size = lines.size();
  const auto before = file_.size();
  lines += ChainLine{next, count}.text();
  auto written = file_.append(lines);
  if (written && options_.survives == Options::Survives::powerLoss) {
    written = file_.sync();
    if (!written) static_cast<void>(file_.cut(before));
  }
  lines.resize(size);
  if (!written) return written;
  link_ = next;
  lines.clear();
  return {};
}

// So that calls that are under way when the disk fills up can be answered, and those that come be refused.
void Trail::reserveRoom() {
  if (options_.whenFull == Options::WhenFull::goOn) return;
  const auto room = file_.reserve(reserve);
  isLow_ = !room;
  if (room) return;
  alarm(room.error());
  wait();
}

void Trail::failed(const Error& error) {
  if (!isFailing_) alarmed_ = {};
  isFailing_ = true;
  if (options_.whenFull == Options::WhenFull::goOn) {
    lost_ += std::exchange(pendingLines_, 0);
    pending_.clear();
  }
  alarm(error);
  wait();
}

void Trail::alarm(const Error& error) {
  const auto now = clock_.steady();
  if (alarmed_ != steady_clock::time_point() && now - alarmed_ < alarmEvery) return;
  alarmed_ = now;
  log_->error("the record cannot be written: {}; {}; {}", error.cause, error.nextStep,
              options_.whenFull == Options::WhenFull::stop
                  ? "whoever asks for something is refused until then"
                  : "what is asked for is done all the same (audit.when_full = \"go on\"), and is missing there");
}

// Once a second while something is to be seen to.
void Trail::wait() {
  if (isWaiting_ || isClosed_) return;
  isWaiting_ = true;
  timer_.expires_after(retry);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (!self || cancelled) return;
    self->isWaiting_ = false;
    self->tryAgain();
  });
}

void Trail::tryAgain() {
  countRefusals(false);
  if (flood_.isCounting()) wait();
  if (!isFailing_ && !isLow_) return;
  if (isFailing_) {
    if (const auto written = write(); !written) return failed(written.error());
    isFailing_ = false;
  }
  reserveRoom();
  if (!isLow_) log_->warn("the record can be written again");
  auto waiting = std::exchange(waiting_, {});
  for (auto& handler : waiting) handler();
}

void Trail::countRefusals(bool isAll) {
  for (const auto& [who, count] : flood_.counted(clock_.steady(), isAll))
    append({.what = What::more, .who = who.empty() ? "others" : std::string_view(who), .count = count});
}

// Removes segments that are too old, or too much.
void Trail::sweep() {
  swept_ = clock_.steady();
  const auto segments = segmentsOf(options_.folder);
  if (!segments) return log_->warn("{}", segments.error().cause);
  struct Sized {
    SegmentName name;
    std::uint64_t size;
    std::chrono::sys_seconds changed;
  };
  std::vector<Sized> all;
  std::uint64_t total = 0;
  for (const auto& each : *segments) {
    struct stat found {};
    if (::stat(each.path.c_str(), &found) != 0) continue;
    const auto size = static_cast<std::uint64_t>(found.st_size);
    total += size;
    all.push_back({each, size, std::chrono::sys_seconds(std::chrono::seconds(found.st_mtim.tv_sec))});
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall());
  for (const auto& each : all) {
    if (each.name.number == number_) break;
    // A clock that was not set when it was written, or is not now, tells nothing about its age.
    const bool isOld = isSet(now) && isSet(each.changed) && now - each.changed > options_.days;
    if (total <= options_.keep && !isOld) break;
    std::error_code problem;
    if (!std::filesystem::remove(each.name.path, problem)) {
      log_->error("cannot remove {}: {}", each.name.path.string(), problem.message());
      break;
    }
    total -= each.size;
    const auto file = each.name.path.filename().string();
    add({.what = What::removed, .note = file + (isOld ? ", for its age" : ", for room")});
  }
}

void Trail::close() {
  if (isClosed_) return;
  countRefusals(true);
  isClosed_ = true;
  timer_.cancel();
  if (lost_ > 0 || !pending_.empty()) static_cast<void>(write());  // once more: there may be room again
  // Nobody waits for it any more: what they were to be told does not leave.
  waiting_.clear();
  file_ = SegmentFile();
  if (lock_ >= 0) ::close(std::exchange(lock_, -1));
}

}  // namespace beckon::policy::audit
