// SPDX-License-Identifier: Apache-2.0
#include "catalog/policy_rules.h"

#include <gtest/gtest.h>

#include <random>

namespace varve {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kDayNs = 24 * kHourNs;

TEST(PolicyRules, ChooseTheSegmentDurationByInfluxDbsTable) {
  EXPECT_EQ(default_segment_duration_ns(0), 7 * kDayNs);
  EXPECT_EQ(default_segment_duration_ns(kHourNs), kHourNs);
  EXPECT_EQ(default_segment_duration_ns(2 * kDayNs - 1), kHourNs);
  EXPECT_EQ(default_segment_duration_ns(2 * kDayNs), kDayNs);
  EXPECT_EQ(default_segment_duration_ns(180 * kDayNs - 1), kDayNs);
  EXPECT_EQ(default_segment_duration_ns(180 * kDayNs), 7 * kDayNs);
  EXPECT_EQ(normalised_segment_duration_ns(1, 0), kHourNs);
  EXPECT_EQ(normalised_segment_duration_ns(3 * kHourNs, kDayNs), 3 * kHourNs);
}

TEST(PolicyRules, AlignSegmentsToTheYearOne) {
  const auto begins = [](int64_t duration_ns, int64_t time_ns) {
    return new_segment_range({}, duration_ns, time_ns).begin_ns;
  };
  // 1970-01-01 was a Thursday; its week began on Monday, 1969-12-29.
  EXPECT_EQ(begins(7 * kDayNs, 0), -3 * kDayNs);
  EXPECT_EQ(begins(7 * kDayNs, 4 * kDayNs - 1), -3 * kDayNs);
  EXPECT_EQ(begins(7 * kDayNs, 4 * kDayNs), 4 * kDayNs);
  EXPECT_EQ(begins(7 * kDayNs, -3 * kDayNs - 1), -10 * kDayNs);
  EXPECT_EQ(begins(kDayNs, -1), -kDayNs);
  EXPECT_EQ(begins(kHourNs, kHourNs + 1), kHourNs);
}

TEST(PolicyRules, ClampSegmentsToTheTimesARowMayHave) {
  const auto last = new_segment_range({}, 7 * kDayNs, kTimeMax);
  EXPECT_TRUE(last.contains(kTimeMax));
  EXPECT_EQ(last.end_ns, kTimeMax + 1);
  const auto first = new_segment_range({}, 7 * kDayNs, kTimeMin);
  EXPECT_TRUE(first.contains(kTimeMin));
  EXPECT_EQ(first.begin_ns, kTimeMin);
  const auto all = new_segment_range({}, std::numeric_limits<int64_t>::max(), 0);
  EXPECT_TRUE(all.contains(0));
}

TEST(PolicyRules, CutSegmentsSoThatNoneOverlapWhateverTheDurations) {
  std::mt19937_64 random(7);
  std::vector<Segment> segments;
  for (uint32_t i = 1; i <= 500; ++i) {
    const auto time_ns = static_cast<int64_t>(random() % (400 * kDayNs)) - 200 * kDayNs;
    const auto duration_ns = static_cast<int64_t>(random() % 500 + 1) * kHourNs;
    Policy policy;
    policy.segments = segments;
    if (policy.segment_at(time_ns)) continue;
    const auto range = new_segment_range(segments, duration_ns, time_ns);
    ASSERT_TRUE(range.contains(time_ns));
    for (const auto& other : segments) ASSERT_FALSE(range.overlaps(other.range));
    segments.push_back({SegmentId{i}, range});
    std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
      return a.range.begin_ns < b.range.begin_ns;
    });
  }
  EXPECT_GT(segments.size(), 5u);
}

TEST(Policy, FindsTheSegmentOfATime) {
  Policy policy;
  EXPECT_EQ(policy.segment_at(0), nullptr);
  policy.segments = {{SegmentId{1}, {0, 10}}, {SegmentId{2}, {20, 30}}};
  EXPECT_EQ(policy.segment_at(-1), nullptr);
  EXPECT_EQ(policy.segment_at(0)->id, SegmentId{1});
  EXPECT_EQ(policy.segment_at(9)->id, SegmentId{1});
  EXPECT_EQ(policy.segment_at(10), nullptr);
  EXPECT_EQ(policy.segment_at(29)->id, SegmentId{2});
  EXPECT_EQ(policy.segment_at(30), nullptr);
}

TEST(Policy, SharesWhatDidNotChangeWithItsCopies) {
  const auto table = [](uint32_t id, std::string name) {
    Table made;
    made.id = TableId{id};
    made.name = std::move(name);
    return std::make_shared<const Table>(std::move(made));
  };
  Policy policy;
  EXPECT_EQ(policy.table("cpu"), nullptr);
  policy.remove_table("cpu");
  policy.put_table(table(1, "cpu"));
  policy.put_table(table(2, "mem"));
  Policy copy = policy;
  copy.put_table(table(3, "cpu"));
  copy.remove_table("mem");
  EXPECT_EQ(policy.table("cpu")->id, TableId{1});
  EXPECT_EQ(policy.table("mem")->id, TableId{2});
  EXPECT_EQ(copy.table("cpu")->id, TableId{3});
  EXPECT_EQ(copy.table("mem"), nullptr);
  EXPECT_EQ(policy.tables().size(), 2u);
  EXPECT_EQ(policy.tables()[0]->name, "cpu");
}

}  // namespace
}  // namespace varve
