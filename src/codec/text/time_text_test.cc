// SPDX-License-Identifier: Apache-2.0
#include "codec/text/time_text.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

namespace varve {
namespace {

std::string time_text(int64_t utc_ns, int32_t offset_seconds = 0) {
  TimeText writer;
  char text[TimeText::kBytesMax];
  return {text, writer.write(text, utc_ns, offset_seconds)};
}

TEST(TimeText, CutsTheZerosOfTheFraction) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(time_text(100'000'000), "1970-01-01T00:00:00.1Z");
  EXPECT_EQ(time_text(120'300'000), "1970-01-01T00:00:00.1203Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(time_text(1'577'836'800'000'000'000), "2020-01-01T00:00:00Z");
  EXPECT_EQ(time_text(951'782'400'000'000'000), "2000-02-29T00:00:00Z");
  EXPECT_EQ(time_text(INT64_MAX), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(time_text(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
}

TEST(TimeText, AddsTheOffsetOfTheZone) {
  EXPECT_EQ(time_text(0, -5 * 3600), "1969-12-31T19:00:00-05:00");
  EXPECT_EQ(time_text(1, 5 * 3600 + 1800), "1970-01-01T05:30:00.000000001+05:30");
  // An offset of seconds, as before the railways, shows its minutes.
  EXPECT_EQ(time_text(0, -(4 * 3600 + 56 * 60 + 2)), "1969-12-31T19:03:58-04:56");
}

TEST(TimeText, AgreesWithTheCLibraryOnAnySecond) {
  std::mt19937_64 random(8);
  TimeText writer;
  for (int round = 0; round < 200'000; ++round) {
    const auto seconds = static_cast<int64_t>(random() % 18'000'000'000) - 9'000'000'000;
    const auto time = static_cast<time_t>(seconds);
    tm parts;
    gmtime_r(&time, &parts);
    char expected[64];
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &parts);
    char text[TimeText::kBytesMax];
    ASSERT_EQ(std::string(text, writer.write(text, seconds * 1'000'000'000)), expected);
  }
}

}  // namespace
}  // namespace varve
