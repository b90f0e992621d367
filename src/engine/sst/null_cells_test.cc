// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/null_cells.h"

#include <gtest/gtest.h>

namespace varve::engine {
namespace {

constexpr auto kAbsent = CellState::kAbsent;
constexpr auto kNull = CellState::kNull;
constexpr auto kValue = CellState::kValue;

TEST(NullCells, ComeBackFromTheirBytes) {
  const std::vector<CellState> states = {kNull, kNull, kValue, kAbsent, kNull, kValue, kNull};
  const std::vector<double> values(states.size());
  const std::string bytes = encode_null_cells({.type = ValueType::kFloat64,
                                               .values = values.data(),
                                               .states = states.data(),
                                               .row_count = states.size()});
  EXPECT_EQ(bytes.size(), 6u);
  std::vector<CellState> read = {kAbsent, kAbsent, kValue, kAbsent, kAbsent, kValue, kAbsent};
  ASSERT_TRUE(apply_null_cells(bytes, read));
  EXPECT_EQ(read, states);
}

TEST(NullCells, TakeNoBytesWhenThereAreNone) {
  const std::vector<CellState> states = {kValue, kAbsent};
  const std::vector<double> values(states.size());
  EXPECT_TRUE(encode_null_cells({.values = values.data(), .row_count = 2}).empty());
  EXPECT_TRUE(encode_null_cells({.values = values.data(), .states = states.data(), .row_count = 2})
                  .empty());
}

TEST(NullCells, RefuseCellsThatAreNotThereOrHaveAValue) {
  const auto refuses = [](std::string_view bytes) {
    std::vector<CellState> states = {kAbsent, kValue, kAbsent};
    EXPECT_FALSE(apply_null_cells(bytes, states));
  };
  refuses(std::string_view("\0\4", 2));
  refuses(std::string_view("\4\0", 2));
  refuses(std::string_view("\1\1", 2));
  refuses(std::string_view("\0", 1));
  refuses("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\1");
}

}  // namespace
}  // namespace varve::engine
