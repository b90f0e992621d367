// SPDX-License-Identifier: Apache-2.0
#include "io/clock.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(SystemClock, IsPast2024AndNeverStepsBack) {
  const SystemClock& clock = SystemClock::instance();
  EXPECT_GT(clock.now_ns(), int64_t{1'704'067'200} * 1'000'000'000);
  int64_t before = clock.steady_ns();
  for (int round = 0; round < 1000; ++round) {
    const int64_t after = clock.steady_ns();
    EXPECT_GE(after, before);
    before = after;
  }
}

TEST(SimulatedClock, StandsStillUntilTold) {
  SimulatedClock clock(1000);
  EXPECT_EQ(clock.now_ns(), 1000);
  clock.advance_ns(5);
  EXPECT_EQ(clock.now_ns(), 1005);
  EXPECT_EQ(clock.steady_ns(), 5);
}

TEST(SimulatedClock, SetsTheWallClockAlone) {
  SimulatedClock clock(1000);
  clock.advance_ns(5);
  clock.set_now_ns(10);
  EXPECT_EQ(clock.now_ns(), 10);
  EXPECT_EQ(clock.steady_ns(), 5);
}

}  // namespace
}  // namespace varve
