// SPDX-License-Identifier: Apache-2.0
#include "model/column_vector.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(ColumnVector, HasNoStatesWhileEveryCellHoldsAValue) {
  ColumnVector column(ValueType::kInt64);
  for (int64_t i = 0; i < 1'000; ++i) column.append_i64(i);
  EXPECT_EQ(column.view().states, nullptr);
  EXPECT_EQ(column.view().as<int64_t>()[999], 999);
}

TEST(ColumnVector, RemembersWhichCellsAreAbsentAndWhichAreNull) {
  ColumnVector column(ValueType::kFloat64);
  column.pad_to(2);
  column.append_f64(1.5);
  column.append_value(std::monostate{});
  const ColumnView view = column.view();
  ASSERT_EQ(view.row_count, 4u);
  EXPECT_EQ(view.state(0), CellState::kAbsent);
  EXPECT_EQ(view.as<double>()[1], 0.0);
  EXPECT_EQ(view.at(2), Value(1.5));
  EXPECT_EQ(view.state(3), CellState::kNull);
  EXPECT_EQ(view.at(3), Value(std::monostate{}));
}

TEST(ColumnVector, KeepsStringsWhereTheyAre) {
  ColumnVector column(ValueType::kString);
  column.append_string("first");
  const auto first = column.view().as<std::string_view>()[0];
  for (int i = 0; i < 10'000; ++i) column.append_string(std::string(50, 'x'));
  EXPECT_EQ(column.view().as<std::string_view>()[0].data(), first.data());
  const ColumnVector moved = std::move(column);
  EXPECT_EQ(first, "first");
  EXPECT_EQ(moved.view().at(10'000), Value(std::string(50, 'x')));
}

TEST(ColumnVector, TakesValuesOfItsType) {
  const auto round_trip = [](ValueType type, const Value& value) {
    ColumnVector column(type);
    column.append_value(value);
    EXPECT_EQ(column.view().at(0), value);
  };
  round_trip(ValueType::kFloat64, 1.5);
  round_trip(ValueType::kInt64, int64_t{-3});
  round_trip(ValueType::kUint64, uint64_t{3});
  round_trip(ValueType::kBool, true);
  round_trip(ValueType::kString, std::string("s"));
  round_trip(ValueType::kBytes, std::string("\0", 1));
  round_trip(ValueType::kTimestamp, int64_t{7});
}

TEST(ColumnVector, CanBeUsedAgainAfterClear) {
  ColumnVector column(ValueType::kString);
  column.append_string("a");
  column.pad_to(3);
  column.clear();
  EXPECT_EQ(column.row_count(), 0u);
  column.append_string("b");
  EXPECT_EQ(column.view().states, nullptr);
  EXPECT_EQ(column.view().at(0), Value(std::string("b")));
}

TEST(ColumnView, SlicesValuesAndStatesTogether) {
  ColumnVector column(ValueType::kBool);
  column.append_bool(true);
  column.pad_to(2);
  column.append_bool(true);
  const ColumnView slice = column.view().slice(1, 3);
  ASSERT_EQ(slice.row_count, 2u);
  EXPECT_FALSE(slice.has_value(0));
  EXPECT_EQ(slice.at(1), Value(true));
}

TEST(StringArena, KeepsViewsAfterItIsMovedAndStartsAnewAfterwards) {
  StringArena arena;
  const auto view = arena.add("kept");
  StringArena other = std::move(arena);
  EXPECT_EQ(view, "kept");
  EXPECT_EQ(arena.add("new"), "new");
  EXPECT_EQ(view, "kept");
  EXPECT_EQ(other.add(""), "");
}

}  // namespace
}  // namespace varve
