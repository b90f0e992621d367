// SPDX-License-Identifier: Apache-2.0
#include "base/ahead_queue.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/thread.h"

namespace varve {
namespace {

TEST(AheadQueue, GivesEverythingInOrderThroughLittleRoom) {
  AheadQueue<std::unique_ptr<int>> queue(10);
  Thread maker("maker", [&] {
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(queue.push(std::make_unique<int>(i), 4));
    queue.close();
  });
  for (int i = 0; i < 1'000; ++i) {
    const auto item = queue.pop();
    ASSERT_TRUE(item);
    EXPECT_EQ(**item, i);
  }
  EXPECT_FALSE(queue.pop());
}

TEST(AheadQueue, TakesAnItemThatIsHeavierThanItsRoom) {
  AheadQueue<int> queue(1);
  EXPECT_TRUE(queue.push(7, 100));
  EXPECT_EQ(queue.pop(), 7);
}

TEST(AheadQueue, LetsWhoMakesItemsGoWhenItIsAbandoned) {
  AheadQueue<int> queue(1);
  Thread maker("maker", [&] {
    while (queue.push(1, 1)) {
    }
  });
  EXPECT_EQ(queue.pop(), 1);
  queue.abandon();
  maker.join();
}

}  // namespace
}  // namespace varve
