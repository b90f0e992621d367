// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/time_slices.h"

#include <gtest/gtest.h>

#include <random>

namespace varve::engine {
namespace {

void expect_whole(const TimeRange& range, const std::vector<TimeRange>& slices) {
  ASSERT_FALSE(slices.empty());
  EXPECT_EQ(slices.front().begin_ns, range.begin_ns);
  EXPECT_EQ(slices.back().end_ns, range.end_ns);
  for (size_t i = 0; i < slices.size(); ++i) {
    EXPECT_FALSE(slices[i].empty()) << i;
    if (i > 0) {
      EXPECT_EQ(slices[i].begin_ns, slices[i - 1].end_ns);
    }
  }
}

double rows_in(const TimeRange& slice, const std::vector<RowSpan>& spans) {
  double rows = 0;
  for (const RowSpan& span : spans) {
    const TimeRange part = slice.intersect(span.range);
    if (part.empty()) continue;
    rows += static_cast<double>(span.row_count) *
            static_cast<double>(part.end_ns - part.begin_ns) /
            static_cast<double>(span.range.end_ns - span.range.begin_ns);
  }
  return rows;
}

TEST(CutTime, LeavesFewRowsInOnePiece) {
  const TimeRange range{.begin_ns = 0, .end_ns = 1'000};
  EXPECT_EQ(cut_time(range, {}, 10, 100), std::vector<TimeRange>{range});
  const std::vector<RowSpan> spans{{.range = {10, 20}, .row_count = 10}};
  EXPECT_EQ(cut_time(range, spans, 10, 100), std::vector<TimeRange>{range});
  EXPECT_TRUE(cut_time({.begin_ns = 5, .end_ns = 5}, spans, 10, 100).empty());
}

TEST(CutTime, CutsWhereTheRowsAreAndNotWhereTheyAreNot) {
  const TimeRange week{.begin_ns = 0, .end_ns = 7'000'000};
  const std::vector<RowSpan> spans{{.range = {6'900'000, 7'000'000}, .row_count = 1'000}};
  const auto slices = cut_time(week, spans, 100, 1'000);
  expect_whole(week, slices);
  EXPECT_LE(slices.size(), 12u);
  for (const TimeRange& slice : slices) EXPECT_LE(rows_in(slice, spans), 101) << slice.begin_ns;
}

TEST(CutTime, NeverMakesMoreSlicesThanAllowedButForTheEnds) {
  const TimeRange range{.begin_ns = kTimeMin, .end_ns = kTimeMax + 1};
  const std::vector<RowSpan> spans{{.range = range, .row_count = 1'000'000'000}};
  const auto slices = cut_time(range, spans, 1, 50);
  expect_whole(range, slices);
  EXPECT_LE(slices.size(), 52u);
}

TEST(CutTime, CannotCutANanosecond) {
  const TimeRange range{.begin_ns = 5, .end_ns = 7};
  const std::vector<RowSpan> spans{{.range = range, .row_count = 1'000}};
  expect_whole(range, cut_time(range, spans, 10, 1'000));
}

TEST(CutTime, HoldsForSpansOfAnyKind) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const auto pick = [&](int64_t limit) { return static_cast<int64_t>(random() % limit); };
    std::vector<RowSpan> spans(random() % 20);
    for (RowSpan& span : spans) {
      span.range.begin_ns = pick(1'000'000);
      span.range.end_ns = span.range.begin_ns + 1'000 + pick(100'000);
      span.row_count = static_cast<uint64_t>(pick(10'000));
    }
    const TimeRange range{.begin_ns = pick(500'000), .end_ns = 500'001 + pick(600'000)};
    const auto slices = cut_time(range, spans, 500, 10'000);
    expect_whole(range, slices);
    for (const TimeRange& slice : slices) EXPECT_LE(rows_in(slice, spans), 520) << round;
  }
}

}  // namespace
}  // namespace varve::engine
