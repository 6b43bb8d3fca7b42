#include "policy/database.hpp"

#include "core/run/private_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::chrono::milliseconds usualPatience{5000};
constexpr std::chrono::milliseconds untilAnotherTry{10};

// The file is made here and not by sqlite, which would let others read it. An existing one is not opened: to close any
// descriptor of a file gives up the locks that this process has on it (POSIX), other connections' too.
Result<> make(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno == EEXIST) return {};
  if (descriptor < 0)
    return Error{Code::invalidConfig, "cannot make " + file.string() + ": " + std::strerror(errno),
                 "check that the folder is there, that this user may write in it, and that the disk is not full"};
  struct ::stat folder {};
  // What root makes for a service must be open to the service's user.
  if (::geteuid() == 0 && ::stat(file.parent_path().empty() ? "." : file.parent_path().c_str(), &folder) == 0)
    static_cast<void>(::fchown(descriptor, folder.st_uid, folder.st_gid));
  ::close(descriptor);
  return {};
}

}  // namespace

Database::Database(std::filesystem::path file, sqlite3* handle)
    : file_(std::move(file)), handle_(handle, &sqlite3_close_v2) {}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

Result<Database> Database::open(const std::filesystem::path& file) {
  if (const auto made = make(file); !made) return made.error();
  if (auto exposed = run::exposure(file)) return std::move(*exposed);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, nullptr);
  Database out(file, handle);
  if (opened != SQLITE_OK) return out.error(opened);
  if (sqlite3_db_readonly(handle, "main") == 1) return out.error(SQLITE_READONLY);
  sqlite3_extended_result_codes(handle, 1);
  out.setPatience(usualPatience);
  struct ::stat status {};
  if (::stat(file.c_str(), &status) == 0) out.device_ = status.st_dev, out.inode_ = status.st_ino;
  if (const auto wal = out.useWal(); !wal) return wal.error();
  // FULL: a revocation that was acknowledged stays one, even if the power goes.
  if (const auto set = out.execute("PRAGMA synchronous = FULL"); !set) return set.error();
  return out;
}

// sqlite does not wait here where two processes make the same file: each would wait for the other.
Result<> Database::useWal() {
  const auto end = std::chrono::steady_clock::now() + usualPatience;
  for (;;) {
    const int set = sqlite3_exec(handle_.get(), "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    if (set == SQLITE_OK) return {};
    if ((set & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() > end) return error(set);
    std::this_thread::sleep_for(untilAnotherTry);
  }
}

void Database::setPatience(std::chrono::milliseconds time) {
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(time.count()));
}

bool Database::isInPlace() const {
  struct ::stat status {};
  return ::stat(file_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

Result<> Database::execute(const std::string& sql) {
  const int done = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return done == SQLITE_OK ? Result<>() : error(done);
}

Result<std::int64_t> Database::number(const std::string& sql) {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  return *row ? statement->integer(0) : 0;
}

Error Database::error(int code) const {
  const auto name = file_.string();
  const auto told = [&](std::string cause, std::string next) {
    return Error{Code::invalidConfig, std::move(cause), std::move(next)};
  };
  // What sqlite says of the last call, if that is the one that failed.
  const bool isLast = handle_ && sqlite3_errcode(handle_.get()) != SQLITE_OK;
  const std::string why = isLast ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return told("cannot write " + name + ": the disk is full", "make room on that disk; nothing was changed");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return told("cannot open " + name + " to write: " + why,
                  "give the file and its folder to the user who runs this, and see that the disk is not full or "
                  "read-only");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return told(name + " is in use by another process that does not end", "try again; see who has it: fuser " + name);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return told(name + " is damaged or no database: " + why,
                  "restore it from a backup, or move it away: a new one is made, without what was in it");
    case SQLITE_IOERR:
      return told("cannot read or write " + name + ": " +
                      (sqlite3_system_errno(handle_.get()) ? std::strerror(sqlite3_system_errno(handle_.get())) : why),
                  "check the disk, and that there is room on it; nothing was changed");
    default:
      return told("cannot use " + name + ": " + why, "check the file and its disk");
  }
}

Statement::Statement(Database& database, sqlite3_stmt* handle)
    : database_(&database), handle_(handle, &sqlite3_finalize) {}

Result<Statement> Statement::prepare(Database& database, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int made =
      sqlite3_prepare_v2(database.handle_.get(), sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
  Statement out(database, handle);
  if (made != SQLITE_OK) return database.error(made);
  return out;
}

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(handle_.get(), ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(std::span<const std::uint8_t> bytes) {
  sqlite3_bind_blob(handle_.get(), ++bound_, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(std::optional<std::int64_t> value) {
  if (value) return bind(*value);
  sqlite3_bind_null(handle_.get(), ++bound_);
  return *this;
}

Result<bool> Statement::step() {
  const int done = sqlite3_step(handle_.get());
  if (done == SQLITE_ROW || done == SQLITE_DONE) return done == SQLITE_ROW;
  return database_->error(done);
}

bool Statement::isNull(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))) : "";
}

std::span<const std::uint8_t> Statement::bytes(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_.get(), column));
  return {bytes, bytes ? static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)) : 0};
}

Result<Transaction> Transaction::begin(Database& database) {
  // IMMEDIATE: who reads first and writes then would be refused if another wrote in between.
  if (const auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return begun.error();
  return Transaction(&database);
}

Result<Transaction> Transaction::snapshot(Database& database) {
  if (const auto begun = database.execute("BEGIN"); !begun) return begun.error();
  return Transaction(&database);
}

Transaction::~Transaction() {
  // Where a full disk made sqlite undo it already, this fails, and nothing is lost by that.
  if (database_) sqlite3_exec(database_->handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<> Transaction::commit() {
  const auto done = database_->execute("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace beckon::policy
