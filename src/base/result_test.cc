// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "base/check.h"

namespace varve {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) {
    return fail(ErrorCode::kInvalidInput, "number is odd: " + std::to_string(number));
  }
  return number / 2;
}

Result<int> quarter_of(int number) { return half_of(TRY(half_of(number))); }

Result<void> check_even(int number) {
  TRY_VOID(half_of(number));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(half_of(4), 2);
  ASSERT_FALSE(half_of(3));
  EXPECT_EQ(half_of(3).error(), (Error{ErrorCode::kInvalidInput, "number is odd: 3"}));
}

TEST(Result, ReturnsTheFirstErrorToTheCaller) {
  EXPECT_EQ(quarter_of(12), 3);
  EXPECT_EQ(quarter_of(6).error().message, "number is odd: 3");
  EXPECT_TRUE(check_even(2));
  EXPECT_EQ(check_even(5).error().message, "number is odd: 5");
}

TEST(Result, MovesWhatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    const std::unique_ptr<int> number = TRY(make());
    return *number;
  };
  EXPECT_EQ(use(), 7);
}

TEST(ErrorCode, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const std::string_view name = to_string(static_cast<ErrorCode>(code));
    EXPECT_NE(name, "unknown") << code;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(CheckDeathTest, NamesTheBrokenFactAndItsPlace) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  CHECK(1 + 1 == 2);
  EXPECT_DEATH(CHECK(1 + 1 == 3), "broken invariant: 1 \\+ 1 == 3 at .*result_test.cc:[0-9]+");
}

}  // namespace
}  // namespace varve
