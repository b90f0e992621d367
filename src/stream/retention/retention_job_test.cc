// SPDX-License-Identifier: Apache-2.0
#include "stream/retention/retention_job.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "catalog/memory_key_value.h"

namespace varve::retention {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kDayNs = 24 * kHourNs;

/// Remembers what it was told to drop.
class FakeAdmin final : public StoreAdmin {
 public:
  Result<void> flush() override { return {}; }
  Result<void> drop_tables(const std::vector<TableId>&) override { return {}; }
  Result<void> drop_segments(const std::vector<SegmentId>& segments) override {
    if (error) return fail(*error);
    dropped.insert(dropped.end(), segments.begin(), segments.end());
    if (!is_told.exchange(true)) told.set_value();
    return {};
  }
  std::vector<SegmentId> take_dropped() {
    std::sort(dropped.begin(), dropped.end());
    return std::exchange(dropped, {});
  }

  std::optional<Error> error;
  std::vector<SegmentId> dropped;
  std::atomic<bool> is_told{false};
  std::promise<void> told;
};

using Ids = std::vector<SegmentId>;

class RetentionTest : public ::testing::Test {
 protected:
  PolicyRef policy(std::string_view name) {
    return catalog_->snapshot()->database("db")->policy(name);
  }
  SegmentId segment(std::string_view policy_name, int64_t time_ns) {
    return catalog_->ensure_segment(policy(policy_name)->id, time_ns)->id;
  }
  RetentionTest() {
    EXPECT_TRUE(catalog_->create_database("db", std::nullopt));
    EXPECT_TRUE(catalog_->create_policy("db", {.name = "day", .duration_ns = kDayNs}));
    EXPECT_TRUE(catalog_->create_policy("db", {.name = "week", .duration_ns = 7 * kDayNs}));
  }

  // Both clocks go on.
  void pass_until(int64_t now_ns) { clock_.advance_ns(now_ns - clock_.now_ns()); }

  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = open_catalog(disk_.open(), {}).value();
  FakeAdmin admin_;
  SimulatedClock clock_{0};
};

TEST_F(RetentionTest, DropsSegmentsThatEndedLongerAgoThanTheirPolicyKeepsThem) {
  const SegmentId first = segment("day", 0);
  const SegmentId second = segment("day", kHourNs);
  const SegmentId week = segment("week", 0);
  const SegmentId ever = segment("autogen", 0);
  RetentionJob job(*catalog_, admin_, clock_, {});
  pass_until(kHourNs + kDayNs - 1);
  EXPECT_EQ(*job.run_once(), 0u);
  EXPECT_EQ(admin_.take_dropped(), Ids{});
  pass_until(kHourNs + kDayNs);
  EXPECT_EQ(*job.run_once(), 1u);
  EXPECT_EQ(admin_.take_dropped(), Ids{first});
  ASSERT_EQ(policy("day")->segments.size(), 1u);
  EXPECT_EQ(policy("day")->segments[0].id, second);

  pass_until(365 * kDayNs);
  EXPECT_EQ(*job.run_once(), 2u);
  EXPECT_EQ(admin_.take_dropped(), (Ids{first, second, week}))
      << "and once more what went before, for writes that were on their way";
  EXPECT_TRUE(policy("week")->segments.empty());
  EXPECT_EQ(policy("autogen")->segments[0].id, ever);
  EXPECT_EQ(*job.run_once(), 0u);
  EXPECT_EQ(admin_.take_dropped(), (Ids{second, week}));
  EXPECT_EQ(*job.run_once(), 0u);
  EXPECT_EQ(admin_.take_dropped(), Ids{});
}

TEST_F(RetentionTest, FollowsAPolicyThatWasAltered) {
  const SegmentId old = segment("autogen", 0);
  RetentionJob job(*catalog_, admin_, clock_, {});
  pass_until(30 * kDayNs);
  EXPECT_EQ(*job.run_once(), 0u);
  ASSERT_TRUE(catalog_->alter_policy("db", {.name = "autogen", .duration_ns = 14 * kDayNs},
                                     std::nullopt));
  EXPECT_EQ(*job.run_once(), 1u);
  EXPECT_EQ(admin_.take_dropped(), Ids{old});
}

TEST_F(RetentionTest, KeepsTheRecordOfWhatItCouldNotDropAndTriesAgain) {
  const SegmentId old = segment("day", 0);
  RetentionJob job(*catalog_, admin_, clock_, {});
  pass_until(30 * kDayNs);
  admin_.error = Error{ErrorCode::kIo, "the disk is gone"};
  EXPECT_EQ(job.run_once().error().message, "the disk is gone");
  EXPECT_EQ(policy("day")->segments.size(), 1u);
  admin_.error.reset();
  disk_.fail_commit(1, Error{ErrorCode::kNoSpace, "the disk is full"});
  EXPECT_EQ(job.run_once().error().message, "the disk is full");
  EXPECT_EQ(policy("day")->segments.size(), 1u);
  EXPECT_EQ(*job.run_once(), 1u);
  EXPECT_EQ(admin_.take_dropped(), (Ids{old, old}));
}

TEST_F(RetentionTest, RunsAtTheStartAndEndsWhenToldTo) {
  segment("day", 0);
  pass_until(30 * kDayNs);
  RetentionJob job(*catalog_, admin_, clock_, {});
  job.start();
  admin_.told.get_future().wait();
  job.stop();
  EXPECT_TRUE(policy("day")->segments.empty());
}

TEST_F(RetentionTest, LeavesWhatIsYoungWhenTheClockGoesBack) {
  segment("day", 30 * kDayNs);
  RetentionJob job(*catalog_, admin_, clock_, {});
  clock_.set_now_ns(-30 * kDayNs);
  EXPECT_EQ(*job.run_once(), 0u);
  EXPECT_EQ(policy("day")->segments.size(), 1u);
}

TEST_F(RetentionTest, AClockThatStepsFarAheadDropsNothingUntilItHasStoodForAnHour) {
  const SegmentId old = segment("day", 0);
  RetentionJob job(*catalog_, admin_, clock_, {});
  pass_until(2 * kHourNs);
  EXPECT_EQ(*job.run_once(), 0u);
  clock_.set_now_ns(3'650 * kDayNs);
  EXPECT_EQ(*job.run_once(), 0u);
  clock_.advance_ns(kHourNs - 1);
  EXPECT_EQ(*job.run_once(), 0u);
  // Somebody puts it right.
  clock_.set_now_ns(4 * kHourNs);
  clock_.advance_ns(kHourNs);
  EXPECT_EQ(*job.run_once(), 0u);
  EXPECT_EQ(admin_.take_dropped(), Ids{});
  // Nobody does: it is the time.
  clock_.set_now_ns(3'650 * kDayNs);
  EXPECT_EQ(*job.run_once(), 0u);
  clock_.advance_ns(kHourNs);
  EXPECT_EQ(*job.run_once(), 1u);
  EXPECT_EQ(admin_.take_dropped(), Ids{old});
}

}  // namespace
}  // namespace varve::retention
