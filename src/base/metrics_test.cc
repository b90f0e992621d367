// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/thread.h"

namespace varve::metrics {
namespace {

std::optional<Family> family_named(const std::string& name) {
  for (Family& family : collect()) {
    if (family.name == name) return std::move(family);
  }
  return std::nullopt;
}

TEST(Metrics, GiveTheSameObjectForTheSameNameAndLabels) {
  Counter& first = counter("test_same_total", "Help.", {{"door", "influx"}});
  EXPECT_EQ(&first, &counter("test_same_total", "Help.", {{"door", "influx"}}));
  EXPECT_NE(&first, &counter("test_same_total", "Help.", {{"door", "mysql"}}));
  EXPECT_NE(&first, &counter("test_same_total", "Help."));
}

TEST(Metrics, StayWhereTheyAreWhileOthersAreAdded) {
  Gauge& first = gauge("test_places", "Help.", {{"place", "first"}});
  for (int place = 0; place < 1000; ++place) {
    gauge("test_places", "Help.", {{"place", std::to_string(place)}});
  }
  first.set(5);
  EXPECT_EQ(gauge("test_places", "Help.", {{"place", "first"}}).value(), 5);
}

TEST(Metrics, AreCollectedWithTheirValues) {
  counter("test_collected_total", "Rows.", {{"a", "1"}}).add(3);
  counter("test_collected_total", "Rows.", {{"a", "1"}}).add();
  gauge("test_collected_gauge", "Level.").set(-2);
  gauge("test_collected_gauge", "Level.").add(-3);

  const auto rows = family_named("test_collected_total");
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(rows->help, "Rows.");
  EXPECT_EQ(rows->kind, Kind::kCounter);
  ASSERT_EQ(rows->samples.size(), 1U);
  EXPECT_EQ(rows->samples[0].labels, (Labels{{"a", "1"}}));
  EXPECT_EQ(rows->samples[0].value, 4);
  const auto level = family_named("test_collected_gauge");
  ASSERT_TRUE(level.has_value());
  EXPECT_EQ(level->kind, Kind::kGauge);
  EXPECT_EQ(level->samples.at(0).value, -5);
}

TEST(Metrics, AreSortedByName) {
  counter("test_zebra_total", "Help.");
  counter("test_aardvark_total", "Help.");
  const auto families = collect();
  EXPECT_TRUE(std::is_sorted(families.begin(), families.end(),
                             [](const Family& a, const Family& b) { return a.name < b.name; }));
}

TEST(Metrics, CountABoundIntoItsOwnBucket) {
  Histogram histogram({1, 2.5, 5});
  for (const double value : {0.5, 1.0, 1.5, 5.0, 5.5}) histogram.observe(value);
  const auto taken = histogram.snapshot();
  EXPECT_EQ(taken.upper_bounds, (std::vector<double>{1, 2.5, 5}));
  EXPECT_EQ(taken.bucket_counts, (std::vector<uint64_t>{2, 1, 1, 1}));
  EXPECT_EQ(taken.count, 5U);
  EXPECT_EQ(taken.sum, 13.5);
}

TEST(Metrics, IgnoreWhatIsNotANumber) {
  Histogram histogram({1});
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(histogram.snapshot().count, 0U);
  EXPECT_EQ(histogram.snapshot().sum, 0);
}

TEST(Metrics, HaveBucketsFromATenthOfAMillisecondToThirtySeconds) {
  const auto bounds = histogram("test_default_seconds", "Help.").snapshot().upper_bounds;
  EXPECT_EQ(bounds.front(), 0.0001);
  EXPECT_EQ(bounds.back(), 30);
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
}

TEST(Metrics, LoseNothingBetweenManyThreads) {
  {
    std::vector<Thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back("adder", [] {
        for (int round = 0; round < 1000; ++round) {
          counter("test_threads_total", "Help.").add();
          histogram("test_threads_seconds", "Help.").observe(1);
          if (round % 100 == 0) collect();
        }
      });
    }
  }
  EXPECT_EQ(counter("test_threads_total", "Help.").value(), 4000U);
  EXPECT_EQ(histogram("test_threads_seconds", "Help.").snapshot().count, 4000U);
  EXPECT_EQ(histogram("test_threads_seconds", "Help.").snapshot().sum, 4000);
}

TEST(MetricsDeathTest, RefuseAProgramThatContradictsItself) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  counter("test_kind_total", "Help.");
  EXPECT_DEATH(gauge("test_kind_total", "Help."), "broken invariant");
  EXPECT_DEATH(counter("rows written", "Help."), "broken invariant");
  EXPECT_DEATH(counter("9rows", "Help."), "broken invariant");
  EXPECT_DEATH(Histogram({1, 1}), "broken invariant");
  EXPECT_DEATH(Histogram({2, 1}), "broken invariant");
}

}  // namespace
}  // namespace varve::metrics
