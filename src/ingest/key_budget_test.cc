// SPDX-License-Identifier: Apache-2.0
#include "ingest/key_budget.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

constexpr size_t kMost = 1'000'000;

TEST(KeyBudget, KeepsFewKeysWhenNoneComesAgain) {
  KeyBudget budget(kMost);
  EXPECT_EQ(budget.keys_max(), kMost);
  budget.note_full(kMost, kMost);
  EXPECT_EQ(budget.keys_max(), kMost / 4);
  for (int i = 0; i < 5; ++i) budget.note_full(budget.keys_max(), budget.keys_max());
  EXPECT_EQ(budget.keys_max(), KeyBudget::kFew);
}

TEST(KeyBudget, KeepsManyKeysWhileTheyComeAgain) {
  KeyBudget budget(kMost);
  budget.note_full(kMost, 3 * kMost);
  EXPECT_EQ(budget.keys_max(), kMost);
  budget.note_full(kMost, kMost);
  budget.note_full(budget.keys_max(), 10 * kMost);
  EXPECT_EQ(budget.keys_max(), kMost);
}

TEST(KeyBudget, TriesManyKeysAgainAfterAWhile) {
  KeyBudget budget(kMost);
  uint64_t learned = 0;
  do {
    budget.note_full(budget.keys_max(), budget.keys_max());
    learned += budget.keys_max();
  } while (budget.keys_max() < kMost);
  EXPECT_GT(learned, (KeyBudget::kTriesAfter - 2) * kMost);
  EXPECT_LT(learned, (KeyBudget::kTriesAfter + 2) * kMost);
}

TEST(KeyBudget, NeverExceedsWhatItMayHave) {
  KeyBudget budget(100);
  budget.note_full(100, 100);
  EXPECT_EQ(budget.keys_max(), 100u);
}

}  // namespace
}  // namespace varve
