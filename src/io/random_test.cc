// SPDX-License-Identifier: Apache-2.0
#include "io/random.h"

#include <gtest/gtest.h>

#include <set>

namespace varve {
namespace {

TEST(SeededRandom, RepeatsThePublishedSequence) {
  // Source: the reference splitmix64.c with the seed 1234567.
  SeededRandom random(1234567);
  EXPECT_EQ(random.next_u64(), 6457827717110365317U);
  EXPECT_EQ(random.next_u64(), 3203168211198807973U);
  EXPECT_EQ(random.next_u64(), 9817491932198370423U);
}

TEST(SeededRandom, DependsOnTheSeed) {
  EXPECT_NE(SeededRandom(1).next_u64(), SeededRandom(2).next_u64());
}

TEST(SystemRandom, DoesNotRepeatItself) {
  SystemRandom random;
  std::set<uint64_t> drawn;
  for (int round = 0; round < 100; ++round) drawn.insert(random.next_u64());
  EXPECT_EQ(drawn.size(), 100U);
}

}  // namespace
}  // namespace varve
