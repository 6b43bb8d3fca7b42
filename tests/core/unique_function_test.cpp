#include "core/run/unique_function.hpp"

#include <gtest/gtest.h>

#include <string>

namespace beckon::run {
namespace {

using Function = UniqueFunction<std::string(std::string)>;
static_assert(!std::is_copy_constructible_v<Function> && std::is_nothrow_move_constructible_v<Function>);
static_assert(!std::is_constructible_v<Function, int(std::string)>);

TEST(UniqueFunction, ownsWhatItCapturesWhereverItIsMoved) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> alive = held;
  Function first = [held = std::move(held), own = std::make_unique<std::string>("hello ")](const std::string& name) {
    return *own + name + " " + std::to_string(++*held);
  };
  EXPECT_EQ(first("nao"), "hello nao 1");
  Function second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second("pepper"), "hello pepper 2");  // the same captures, not copies
  second = Function();
  EXPECT_FALSE(second);
  EXPECT_TRUE(alive.expired());
}

TEST(UniqueFunction, handsArgumentsOnAsTheyAre) {
  UniqueFunction<const int*(std::unique_ptr<int>, int&)> function = [](std::unique_ptr<int> owned, int& counter) {
    counter += *owned;
    return &counter;
  };
  int counter = 1;
  EXPECT_EQ(function(std::make_unique<int>(41), counter), &counter);
  EXPECT_EQ(counter, 42);
}

TEST(UniqueFunction, takesAFunctionWhoseResultNobodyWants) {
  int calls = 0;
  UniqueFunction<void(int)> function = [&calls](int by) { return calls += by; };
  function(2);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace beckon::run
