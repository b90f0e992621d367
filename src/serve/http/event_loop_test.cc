// SPDX-License-Identifier: Apache-2.0
#include "serve/http/event_loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace varve {
namespace {

constexpr std::chrono::milliseconds kInterval{5};

class EventLoopTest : public ::testing::Test {
 protected:
  EventLoopTest() { loop_->start("net-test"); }
  ~EventLoopTest() override { loop_->stop(); }

  std::shared_ptr<EventLoop> loop_ = std::make_shared<EventLoop>(kInterval, nullptr);
};

TEST_F(EventLoopTest, FreesTheMemoryOfABodyThatCameBack) {
  loop_->bodies()->give(std::string(BodyPool::kBytesMin, 'x'));
  loop_->post([loop = loop_.get()] { loop->expect_body(); });
  while (loop_->bodies()->kept_count() > 0) std::this_thread::yield();
}

TEST_F(EventLoopTest, RestsWhenNobodyExpectsAnything) {
  // Long enough for what start() began.
  std::this_thread::sleep_for(4 * kInterval);
  loop_->bodies()->give(std::string(BodyPool::kBytesMin, 'x'));
  std::this_thread::sleep_for(10 * kInterval);
  EXPECT_EQ(loop_->bodies()->kept_count(), 1u) << "nothing looked";
}

}  // namespace
}  // namespace varve
