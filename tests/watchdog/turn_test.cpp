#include "apps/watchdog/turn.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <optional>

namespace beckon::watchdog {
namespace {

using testing::HasSubstr;
using testing::Optional;

TEST(Turn, isAnothersUntilThatHasEnded) {
  const test::TemporaryFolder folder;
  std::optional<Turn> first(std::in_place);
  first->use(folder.path() / "watchdog");
  EXPECT_EQ(first->take(), std::nullopt);
  EXPECT_EQ(first->take(), std::nullopt);
  Turn second;
  second.use(folder.path() / "watchdog");
  EXPECT_THAT(second.take(), Optional(HasSubstr("process " + std::to_string(::getpid()) + ", has not ended yet")));
  first.reset();
  EXPECT_EQ(second.take(), std::nullopt);
}

TEST(Turn, isNobodysWhereTheFileCannotBeMade) {
  Turn turn;
  turn.use("/proc/no-such-folder/watchdog");
  EXPECT_THAT(turn.take(), Optional(HasSubstr("/proc/no-such-folder/watchdog cannot be opened: ")));
}

}  // namespace
}  // namespace beckon::watchdog
