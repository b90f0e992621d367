// SPDX-License-Identifier: Apache-2.0
#include "model/partial_state.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace varve {
namespace {

struct Row {
  int64_t time_ns;
  int64_t value;
};

ColumnVector integers(const std::vector<Row>& rows) {
  ColumnVector column(ValueType::kInt64);
  for (const Row& row : rows) column.append_i64(row.value);
  return column;
}

std::vector<int64_t> times_of(const std::vector<Row>& rows) {
  std::vector<int64_t> times;
  for (const Row& row : rows) times.push_back(row.time_ns);
  return times;
}

std::vector<StatePiece> windows(const std::vector<int64_t>& times, int64_t origin, int64_t every) {
  std::vector<StatePiece> pieces;
  split_by_window(times, origin, every, [&](uint64_t window, size_t begin, size_t end) {
    pieces.push_back({static_cast<uint32_t>(window), static_cast<uint32_t>(begin),
                      static_cast<uint32_t>(end)});
  });
  return pieces;
}

TEST(PartialStates, KeepCountSumExtremesAndEndsOfEveryWindow) {
  const std::vector<Row> rows = {{0, 5}, {10, -3}, {59, 9}, {60, 4}, {180, 7}, {181, 7}};
  const auto times = times_of(rows);
  const auto column = integers(rows);
  PartialStates states(ValueType::kInt64, kAllStateParts, 4);
  states.fold(windows(times, 0, 60), times, column.view());

  EXPECT_EQ(states.count(0), 3u);
  EXPECT_EQ(states.sum(0), Value(int64_t{11}));
  EXPECT_EQ(states.min(0), Value(int64_t{-3}));
  EXPECT_EQ(states.min_time_ns(0), 10);
  EXPECT_EQ(states.max(0), Value(int64_t{9}));
  EXPECT_EQ(states.max_time_ns(0), 59);
  EXPECT_EQ(states.first(0), Value(int64_t{5}));
  EXPECT_EQ(states.last(0), Value(int64_t{9}));
  EXPECT_DOUBLE_EQ(states.mean(0), 11.0 / 3);
  EXPECT_EQ(states.count(1), 1u);
  EXPECT_EQ(states.count(2), 0u);
  EXPECT_EQ(states.max_time_ns(3), 180) << "of equal values the earliest";
  EXPECT_EQ(states.last_time_ns(3), 181);
}

TEST(PartialStates, PassOverCellsWithoutAValue) {
  ColumnVector column(ValueType::kFloat64);
  column.append_f64(1);
  column.pad_to(3);
  column.append_f64(4);
  const std::vector<int64_t> times = {1, 2, 3, 4};
  PartialStates states(ValueType::kFloat64, kAllStateParts, 1);
  states.fold(std::vector<StatePiece>{{0, 0, 4}}, times, column.view());
  EXPECT_EQ(states.count(0), 2u);
  EXPECT_EQ(states.sum(0), Value(5.0));
  EXPECT_EQ(states.first_time_ns(0), 1);
  EXPECT_EQ(states.last_time_ns(0), 4);
}

TEST(PartialStates, PassOverNanWhileThereIsAnotherNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto extremes = [](std::vector<std::vector<double>> runs) {
    PartialStates states(ValueType::kFloat64, StatePart::kMin | StatePart::kMax, 1);
    for (const std::vector<double>& run : runs) {
      std::vector<int64_t> times(run.size());
      std::iota(times.begin(), times.end(), int64_t{0});
      const StatePiece piece{.slot = 0, .begin = 0, .end = static_cast<uint32_t>(run.size())};
      const ColumnView cells{.type = ValueType::kFloat64,
                             .values = run.data(),
                             .states = nullptr,
                             .row_count = run.size()};
      states.fold(std::span(&piece, 1), times, cells);
    }
    return std::pair(std::get<double>(states.min(0)), std::get<double>(states.max(0)));
  };
  const std::pair expected(1.0, 2.0);
  EXPECT_EQ(extremes({{nan, 1, 2}}), expected);
  EXPECT_EQ(extremes({{1, nan, 2}}), expected);
  EXPECT_EQ(extremes({{nan}, {2, 1}}), expected);
  EXPECT_EQ(extremes({{2, 1}, {nan, nan}}), expected);
  EXPECT_TRUE(std::isnan(extremes({{nan}, {nan}}).first));
}

TEST(PartialStates, FoldSummariesLikeTheirCells) {
  const auto bits = [](int64_t value) { return std::bit_cast<uint64_t>(value); };
  PartialStates states(ValueType::kInt64, kAllStateParts, 1);
  const CellSummary later{.count = 3,
                          .min_bits = bits(-2),
                          .max_bits = bits(9),
                          .sum_bits = bits(10),
                          .first_bits = bits(3),
                          .last_bits = bits(9)};
  const CellSummary earlier{.count = 1,
                            .min_bits = bits(4),
                            .max_bits = bits(4),
                            .sum_bits = bits(4),
                            .first_bits = bits(4),
                            .last_bits = bits(4)};
  states.fold_summary(0, later, 100, 200);
  states.fold_summary(0, earlier, 50, 50);
  states.fold_summary(0, CellSummary{}, 1, 300);
  EXPECT_EQ(states.count(0), 4u);
  EXPECT_EQ(states.sum(0), Value(int64_t{14}));
  EXPECT_EQ(states.min(0), Value(int64_t{-2}));
  EXPECT_EQ(states.max(0), Value(int64_t{9}));
  EXPECT_EQ(states.first(0), Value(int64_t{4}));
  EXPECT_EQ(states.last(0), Value(int64_t{9}));
  EXPECT_EQ(states.first_time_ns(0), 50);
  EXPECT_EQ(states.last_time_ns(0), 200);
}

TEST(PartialStates, WrapIntegerSumsAndKeepTheFullRange) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const std::vector<Row> rows = {{1, kMost}, {2, 1}};
  PartialStates states(ValueType::kInt64, kAllStateParts, 1);
  states.fold(std::vector<StatePiece>{{0, 0, 2}}, times_of(rows), integers(rows).view());
  EXPECT_EQ(states.sum(0), Value(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(states.max(0), Value(kMost));
}

TEST(PartialStates, TakeTheLargerValueOfTwoSeriesAtTheSameTime) {
  PartialStates states(ValueType::kInt64, kAllStateParts, 1);
  for (const int64_t value : {3, 8, 5}) {
    const std::vector<Row> rows = {{7, value}};
    states.fold(std::vector<StatePiece>{{0, 0, 1}}, times_of(rows), integers(rows).view());
  }
  EXPECT_EQ(states.first(0), Value(int64_t{8}));
  EXPECT_EQ(states.last(0), Value(int64_t{8}));
}

TEST(PartialStates, PreferFalseAsTheFirstAndTrueAsTheLastBoolean) {
  PartialStates states(ValueType::kBool, kAllStateParts, 1);
  for (const bool flag : {true, false, true}) {
    ColumnVector column(ValueType::kBool);
    column.append_bool(flag);
    states.fold(std::vector<StatePiece>{{0, 0, 1}}, std::vector<int64_t>{7}, column.view());
  }
  EXPECT_EQ(states.first(0), Value(false));
  EXPECT_EQ(states.last(0), Value(true));
}

TEST(PartialStates, GiveTheSameForRowsThatFall) {
  std::vector<Row> rows = {{1, 4}, {2, 9}, {3, 9}, {4, -1}};
  PartialStates rising(ValueType::kInt64, kAllStateParts, 1);
  rising.fold(std::vector<StatePiece>{{0, 0, 4}}, times_of(rows), integers(rows).view());
  std::reverse(rows.begin(), rows.end());
  PartialStates falling(ValueType::kInt64, kAllStateParts, 1);
  falling.fold(std::vector<StatePiece>{{0, 0, 4}}, times_of(rows), integers(rows).view());
  std::string one, other;
  encode_partial_states(rising, one);
  encode_partial_states(falling, other);
  EXPECT_EQ(one, other);
}

TEST(PartialStates, KeepBooleansAndTextByTheirOwnRules) {
  ColumnVector flags(ValueType::kBool);
  for (const bool flag : {true, false, true}) flags.append_bool(flag);
  ColumnVector texts(ValueType::kString);
  for (const char* text : {"b", "a", "c"}) texts.append_string(text);
  const std::vector<int64_t> times = {1, 2, 3};
  PartialStates bools(ValueType::kBool, kAllStateParts, 1);
  bools.fold(std::vector<StatePiece>{{0, 0, 3}}, times, flags.view());
  EXPECT_EQ(bools.min(0), Value(false));
  EXPECT_EQ(bools.max(0), Value(true));
  EXPECT_FALSE(has_part(bools.parts(), StatePart::kSum));
  PartialStates strings(ValueType::kString, kAllStateParts, 1);
  strings.fold(std::vector<StatePiece>{{0, 0, 3}}, times, texts.view());
  EXPECT_EQ(strings.count(0), 3u);
  EXPECT_EQ(strings.first(0), Value(std::string("b")));
  EXPECT_EQ(strings.last(0), Value(std::string("c")));
}

// Folding in any cut, by windows or merged from parts, is the same as looking at every row.
TEST(PartialStates, AgreeWithARowByRowModelHoweverTheRowsAreCut) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Row> rows;
    int64_t time = static_cast<int64_t>(random() % 100) - 50;
    const bool regular = random() % 2 == 0;
    for (size_t i = 0; i < 1 + random() % 300; ++i) {
      rows.push_back({time, static_cast<int64_t>(random() % 20)});
      time += regular ? 10 : 1 + static_cast<int64_t>(random() % 40);
    }
    const auto times = times_of(rows);
    const int64_t every = 1 + static_cast<int64_t>(random() % 120);
    const int64_t origin = times.front() - static_cast<int64_t>(random() % 200);
    const size_t slots = static_cast<size_t>((times.back() - origin) / every) + 1;

    struct Model {
      uint64_t count = 0;
      int64_t sum = 0, min = 0, max = 0, min_time = 0, max_time = 0, first = 0, last = 0;
    };
    std::vector<Model> model(slots);
    for (const Row& row : rows) {
      Model& one = model[static_cast<size_t>((row.time_ns - origin) / every)];
      if (one.count == 0 || row.value < one.min) one.min = row.value, one.min_time = row.time_ns;
      if (one.count == 0 || row.value > one.max) one.max = row.value, one.max_time = row.time_ns;
      if (one.count == 0) one.first = row.value;
      one.last = row.value;
      one.sum += row.value;
      ++one.count;
    }

    PartialStates left(ValueType::kInt64, kAllStateParts, slots);
    PartialStates right(ValueType::kInt64, kAllStateParts, slots);
    const size_t cut = random() % (rows.size() + 1);
    const std::vector<Row> head(rows.begin(), rows.begin() + static_cast<long>(cut));
    const std::vector<Row> tail(rows.begin() + static_cast<long>(cut), rows.end());
    left.fold(windows(times_of(head), origin, every), times_of(head), integers(head).view());
    right.fold(windows(times_of(tail), origin, every), times_of(tail), integers(tail).view());
    for (size_t slot = 0; slot < slots; ++slot) left.merge(slot, right, slot);

    for (size_t slot = 0; slot < slots; ++slot) {
      ASSERT_EQ(left.count(slot), model[slot].count);
      if (model[slot].count == 0) continue;
      ASSERT_EQ(left.sum(slot), Value(model[slot].sum));
      ASSERT_EQ(left.min(slot), Value(model[slot].min));
      ASSERT_EQ(left.min_time_ns(slot), model[slot].min_time);
      ASSERT_EQ(left.max(slot), Value(model[slot].max));
      ASSERT_EQ(left.max_time_ns(slot), model[slot].max_time);
      ASSERT_EQ(left.first(slot), Value(model[slot].first));
      ASSERT_EQ(left.last(slot), Value(model[slot].last));
    }
  }
}

TEST(PartialStates, SplitAtTheEdgesOfUnevenWindows) {
  const std::vector<int64_t> edges = {0, 23, 48, 72};
  const std::vector<int64_t> times = {0, 5, 22, 23, 47, 48, 71};
  std::vector<std::tuple<size_t, size_t, size_t>> found;
  split_by_edges(times, edges, [&](size_t window, size_t begin, size_t end) {
    found.emplace_back(window, begin, end);
  });
  EXPECT_EQ(found, (std::vector<std::tuple<size_t, size_t, size_t>>{
                       {0, 0, 3}, {1, 3, 5}, {2, 5, 7}}));
}

TEST(PartialStates, SplitAtTheEndsOfTime) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min() + 2;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() - 1;
  const std::vector<int64_t> times = {kLeast, 0, kMost};
  std::vector<std::pair<size_t, size_t>> found;
  split_by_window(times, kLeast, int64_t{1} << 62, [&](uint64_t, size_t begin, size_t end) {
    found.emplace_back(begin, end);
  });
  EXPECT_EQ(found.size(), 3u);
}

TEST(PartialStates, SurviveTheirBytes) {
  ColumnVector column(ValueType::kFloat64);
  for (const double value : {-0.0, 1e308, -std::numeric_limits<double>::infinity()}) {
    column.append_f64(value);
  }
  const std::vector<int64_t> times = {1, 2, 3};
  PartialStates states(ValueType::kFloat64, kAllStateParts, 3);
  states.fold(std::vector<StatePiece>{{0, 0, 1}, {2, 1, 3}}, times, column.view());
  std::string bytes;
  encode_partial_states(states, bytes);
  bytes += "rest";
  std::string_view view = bytes;
  const auto decoded = decode_partial_states(view);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(view, "rest");
  std::string again;
  encode_partial_states(*decoded, again);
  EXPECT_EQ(again + "rest", bytes);
}

TEST(PartialStates, RefuseBytesThatAreNone) {
  PartialStates states(ValueType::kString, kAllStateParts, 2);
  ColumnVector column(ValueType::kString);
  column.append_string("text");
  states.fold(std::vector<StatePiece>{{1, 0, 1}}, std::vector<int64_t>{1}, column.view());
  std::string bytes;
  encode_partial_states(states, bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string_view view = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(decode_partial_states(view).has_value()) << size;
  }
  std::string_view limited = bytes;
  EXPECT_FALSE(decode_partial_states(limited, 1).has_value()) << "over the caller's limit";
}

// The golden bytes of format 1: docs/formats/partial_state.md explains them.
TEST(PartialStates, WriteFormatOne) {
  const std::vector<Row> rows = {{1, 5}};
  PartialStates states(ValueType::kInt64, StatePart::kSum | StatePart::kMin, 2);
  states.fold(std::vector<StatePiece>{{1, 0, 1}}, times_of(rows), integers(rows).view());
  std::string bytes;
  encode_partial_states(states, bytes);
  const std::string expected("\x01\x02\x03\x02\x00\x01"
                             "\x05\0\0\0\0\0\0\0"
                             "\x01\0\0\0\0\0\0\0"
                             "\x05\0\0\0\0\0\0\0",
                             30);
  EXPECT_EQ(bytes, expected);
}

}  // namespace
}  // namespace varve
