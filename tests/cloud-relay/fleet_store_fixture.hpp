#pragma once

#include "cloud-relay/fleet_store.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace beckon::relay {

// A store in a folder of its own, and what it is asked to keep.
class FleetStoreTest : public testing::Test {
 protected:
  static inline const WallTime today = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);

  // 32 bytes that no other number has.
  static Bytes32 bytes(int number) {
    Bytes32 out{};
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
    out.back() = 1;
    return out;
  }
  static std::string accountOf(const std::string& name) { return name + "@robots.example"; }

  // A robot's of the fleet home, by the relay, good for an hour.
  static KeptCode code(int number, const std::string& account = "") {
    KeptCode out;
    out.hash = bytes(number);
    out.fleet = "home";
    out.account = account;
    out.made = today;
    out.ends = today + std::chrono::hours(1);
    return out;
  }
  static Member robot(const std::string& name, int key) {
    Member out;
    out.fleet = "home";
    out.account = accountOf(name);
    out.machine = "machine of " + name;
    out.key = bytes(key);
    out.proof = bytes(key + 1);
    return out;
  }
  static Member ownerOf(const std::string& fleet, const std::string& name, int key) {
    auto out = robot(name, key);
    out.fleet = fleet;
    out.kind = Kind::owner;
    return out;
  }
  static KeptCode ownersCode(int number, const std::string& fleet, const std::string& account = "") {
    auto out = code(number, account);
    out.fleet = fleet;
    out.kind = Kind::owner;
    return out;
  }
  static fleet::Statement statementOf(const Member& member) {
    fleet::Statement out{member.account, member.kind, member.key, today + std::chrono::hours(24), {}};
    out.signature.fill(7);
    return out;
  }

  std::filesystem::path file() const { return folder.path() / FleetStore::fileName; }
  FleetStore open() const { return FleetStore::open(file()).value(); }
  // Makes the file as another program would have left it.
  void make(const std::string& sql) const {
    auto database = policy::Database::open(file()).value();
    ASSERT_TRUE(database.execute(sql));
  }
  run::Error refusalToOpen() const {
    const auto opened = FleetStore::open(file());
    EXPECT_FALSE(opened);
    return opened ? run::Error() : opened.error();
  }
  std::string content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void expectBadCode(const run::Result<FleetStore::Taken>& taken, const std::string& cause) {
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, run::Code::badCode);
    EXPECT_THAT(taken.error().cause, testing::HasSubstr(cause));
    EXPECT_FALSE(taken.error().nextStep.empty());
  }
  static Member enrolled(FleetStore& store, int number, const Member& who) {
    auto made = code(number);
    made.fleet = who.fleet;
    made.kind = who.kind;
    store.add(made, today).value();
    const auto taken = store.take(made.hash, who, today).value();
    store.confirm(taken.member.id, today).value();
    return taken.member;
  }
  test::TemporaryFolder folder;
};

}  // namespace beckon::relay
