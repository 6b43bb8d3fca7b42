#pragma once

#include "core/run/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace beckon::policy {

// A file of sqlite3 in WAL mode, so that whoever reads it and whoever writes it, in several processes, do not wait for
// each other. A change is whole or not there, and is on the disk when it is acknowledged. Used by one thread at a time.
//
// Errors are invalidConfig with a text that its user can act on: who may not write what, the disk is full, it is no
// database.
class Database {
 public:
  // The file is made (mode 0600, of the folder's owner if root does) unless it is there; it must be private then.
  static run::Result<Database> open(const std::filesystem::path& file);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  // How long a statement waits for a process that writes at the moment (5 s unless told).
  void setPatience(std::chrono::milliseconds time);
  // Statements without parameters and rows.
  run::Result<> execute(const std::string& sql);
  run::Result<std::int64_t> number(const std::string& sql);
  // Whether the file at the path is still the one that was opened: another may have been put there, or it was removed.
  bool isInPlace() const;
  const std::filesystem::path& file() const { return file_; }

 private:
  friend class Statement;
  friend class Transaction;
  Database(std::filesystem::path file, sqlite3* handle);
  run::Result<> useWal();
  run::Error error(int code) const;

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
  std::uint64_t device_ = 0, inode_ = 0;
};

// One statement: bind what stands for "?" in turn, then step through the rows. The database stays where it is
// meanwhile.
class Statement {
 public:
  static run::Result<Statement> prepare(Database& database, std::string_view sql);

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(std::span<const std::uint8_t> bytes);
  Statement& bind(std::optional<std::int64_t> value);
  // True: there is a row. False: no more.
  run::Result<bool> step();

  bool isNull(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  std::span<const std::uint8_t> bytes(int column) const;  // valid until the next step()

 private:
  Statement(Database& database, sqlite3_stmt* handle);

  Database* database_;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> handle_;
  int bound_ = 0;
};

// Changes that belong together; undone unless committed. Other processes wait to write meanwhile.
class Transaction {
 public:
  static run::Result<Transaction> begin(Database& database);
  // What is read until its end is of one moment. Nobody waits.
  static run::Result<Transaction> snapshot(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  run::Result<> commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

}  // namespace beckon::policy
