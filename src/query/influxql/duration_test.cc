// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/duration.h"

#include <gtest/gtest.h>

#include "query/influxql/number_text.h"

namespace varve::influxql {
namespace {

TEST(Duration, ReadsEveryUnitAndSums) {
  const auto reads = [](std::string_view text, int64_t nanoseconds) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(*duration, nanoseconds) << text;
  };
  reads("1ns", 1);
  reads("2u", 2'000);
  reads("2µ", 2'000);
  reads("3ms", 3'000'000);
  reads("4s", 4'000'000'000);
  reads("5m", 300'000'000'000);
  reads("6h", 21'600'000'000'000);
  reads("1d", 86'400'000'000'000);
  reads("1w", 604'800'000'000'000);
  reads("1h30m", 5'400'000'000'000);
  reads("-5m", -300'000'000'000);
}

TEST(Duration, RefusesWhatInfluxRefuses) {
  const auto refuses = [](std::string_view text, std::string_view message) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().message, message) << text;
  };
  refuses("", "invalid duration");
  refuses("1", "invalid duration");
  refuses("m", "invalid duration");
  refuses("1x", "invalid duration");
  refuses("1n", "invalid duration");
  refuses("1e10", "invalid duration");
  refuses("1mo", "invalid duration");
  refuses("1y", "invalid duration");
  refuses("1h3", "invalid duration");
  refuses("9999999999999999999s", "invalid duration");
  refuses("16000w", "overflowed duration 16000w: choose a smaller duration or INF");
  refuses("1w16000w", "overflowed duration 16000w: choose a smaller duration or INF");
}

TEST(Duration, WritesTheLargestUnitThatFits) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(1), "1ns");
  EXPECT_EQ(format_duration(1'500), "1500ns");
  EXPECT_EQ(format_duration(2'000), "2u");
  EXPECT_EQ(format_duration(90'000'000'000), "90s");
  EXPECT_EQ(format_duration(5'400'000'000'000), "90m");
  EXPECT_EQ(format_duration(86'400'000'000'000), "1d");
  EXPECT_EQ(format_duration(1'209'600'000'000'000), "2w");
  EXPECT_EQ(format_duration(-300'000'000'000), "-5m");
}

TEST(Duration, WritesAllUnitsOfAClock) {
  EXPECT_EQ(format_clock_duration(0), "0s");
  EXPECT_EQ(format_clock_duration(30'000'000'000), "30s");
  EXPECT_EQ(format_clock_duration(90'000'000'000), "1m30s");
  EXPECT_EQ(format_clock_duration(86'400'000'000'000), "24h0m0s");
  EXPECT_EQ(format_clock_duration(1'500'000'000), "1500ms");
}

TEST(NumberText, NeverHasAnExponent) {
  EXPECT_EQ(to_plain_text(3), "3");
  EXPECT_EQ(to_plain_text(-1.5), "-1.5");
  EXPECT_EQ(to_plain_text(1e21), "1000000000000000000000");
  EXPECT_EQ(to_plain_text(1e-7), "0.0000001");
  EXPECT_EQ(to_plain_text(0.1), "0.1");
  EXPECT_EQ(to_plain_text(5e-324).size(), 326u);
}

}  // namespace
}  // namespace varve::influxql
