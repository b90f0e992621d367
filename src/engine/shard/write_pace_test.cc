// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/write_pace.h"

#include <gtest/gtest.h>

namespace varve::engine {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMiB = 1 << 20;

TEST(WritePace, RestsOnlyWhenMemtablesFillFasterThanTheyAreFlushed) {
  EXPECT_EQ(rest_after(kMiB, 0, 100 * kMiB).count(), 0);
  EXPECT_EQ(rest_after(kMiB, 125 * kMiB, 100 * kMiB).count(), 0);
  EXPECT_GT(rest_after(kMiB, 130 * kMiB, 100 * kMiB).count(), 0);
}

TEST(WritePace, RestsLongerTheNearerTheEndIs) {
  auto before = rest_after(kMiB, 125 * kMiB, 100 * kMiB);
  for (size_t used = 130; used <= 200; used += 10) {
    const auto rest = rest_after(kMiB, used * kMiB, 100 * kMiB);
    EXPECT_GT(rest, before) << used;
    before = rest;
  }
  EXPECT_EQ(before, milliseconds(100));
}

TEST(WritePace, RestsForWhatCameAndNeverLong) {
  EXPECT_EQ(rest_after(kMiB / 4, 200 * kMiB, 100 * kMiB), milliseconds(25));
  EXPECT_EQ(rest_after(0, 200 * kMiB, 100 * kMiB).count(), 0);
  EXPECT_EQ(rest_after(100 * kMiB, 900 * kMiB, 100 * kMiB), milliseconds(100));
}

}  // namespace
}  // namespace varve::engine
