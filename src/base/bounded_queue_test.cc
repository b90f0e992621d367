// SPDX-License-Identifier: Apache-2.0
#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "base/thread.h"

namespace varve {
namespace {

TEST(BoundedQueue, GivesItemsInTheirOrder) {
  BoundedQueue<int> queue(3);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
}

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheItem) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
  auto refused = std::make_unique<int>(2);
  EXPECT_FALSE(queue.try_push(refused));
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(*queue.pop().value(), 1);
  EXPECT_TRUE(queue.try_push(refused));
  EXPECT_EQ(refused, nullptr);
}

TEST(BoundedQueue, TakesAllThereIs) {
  BoundedQueue<int> queue(4);
  for (int item = 1; item <= 3; ++item) EXPECT_TRUE(queue.try_push(item));
  EXPECT_EQ(queue.pop_all(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(BoundedQueue, DrainsAfterItIsClosed) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  queue.close();
  EXPECT_FALSE(queue.try_push(2));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_TRUE(queue.pop_all().empty());
}

TEST(BoundedQueue, WakesWhoWaitsWhenItCloses) {
  BoundedQueue<int> queue(1);
  std::atomic<int> woken = 0;
  {
    Thread one("one", [&] { woken += queue.pop() == std::nullopt ? 1 : 0; });
    Thread other("other", [&] { woken += queue.pop_all().empty() ? 1 : 0; });
    queue.close();
  }
  EXPECT_EQ(woken, 2);
}

TEST(BoundedQueue, LosesNothingBetweenManyThreads) {
  constexpr int kItemsEach = 2000;
  constexpr int kProducers = 3;
  BoundedQueue<int> queue(16);
  std::atomic<int64_t> sum = 0;
  std::atomic<int> count = 0;
  {
    const auto take = [&] {
      while (const auto item = queue.pop()) {
        sum += *item;
        ++count;
      }
    };
    const auto take_all = [&] {
      for (auto items = queue.pop_all(); !items.empty(); items = queue.pop_all()) {
        for (const int item : items) sum += item;
        count += static_cast<int>(items.size());
      }
    };
    Thread consumer("consumer", take);
    Thread batch_consumer("batch-consumer", take_all);
    {
      std::vector<Thread> producers;
      for (int producer = 0; producer < kProducers; ++producer) {
        producers.emplace_back("producer", [&] {
          for (int item = 1; item <= kItemsEach; ++item) {
            while (!queue.try_push(item)) std::this_thread::yield();
          }
        });
      }
    }
    queue.close();
  }
  EXPECT_EQ(count, kProducers * kItemsEach);
  EXPECT_EQ(sum, int64_t{kProducers} * kItemsEach * (kItemsEach + 1) / 2);
}

}  // namespace
}  // namespace varve
