// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/job_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace varve::engine {
namespace {

TEST(JobThread, LooksForWorkAfterEachWake) {
  JobThread thread;
  std::atomic<int> looked = 0;
  thread.start("test", [&] {
    ++looked;
    return false;
  });
  for (int round = 0; round < 1'000; ++round) {
    // The look that began before the call may not have seen what there is now.
    const int before = looked;
    thread.wake();
    while (looked == before) std::this_thread::yield();
  }
  thread.stop();
}

TEST(JobThread, LooksAgainAtOnceWhileThereIsWork) {
  JobThread thread;
  std::atomic<int> left = 1'000;
  thread.start("test", [&] { return left > 0 && --left > 0; });
  while (left > 0) std::this_thread::yield();
  thread.stop();
}

TEST(JobThread, RunsJobsInTheirOrderAndRefusesThemOnceItStopped) {
  JobThread thread;
  thread.start("test", nullptr);
  std::vector<int> order;
  for (int job = 0; job < 3; ++job) {
    EXPECT_TRUE(thread.run([&order, job]() -> Result<void> {
      order.push_back(job);
      return {};
    }));
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  thread.stop();
  const auto refused = thread.run([]() -> Result<void> { return {}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace varve::engine
