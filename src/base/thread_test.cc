// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"

namespace varve {
namespace {

std::string name_of_this_thread() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(Thread, HasItsNameInTheOperatingSystem) {
  std::string name;
  Thread("writer-3", [&] { name = name_of_this_thread(); }).join();
  EXPECT_EQ(name, "writer-3");
}

TEST(Thread, LosesTheEndOfALongName) {
  std::string name;
  Thread("background-compaction", [&] { name = name_of_this_thread(); }).join();
  EXPECT_EQ(name, "background-comp");
}

TEST(Thread, IsJoinedByItsDestructor) {
  std::atomic<bool> done = false;
  { const Thread thread("worker", [&] { done = true; }); }
  EXPECT_TRUE(done);
}

TEST(Thread, IsJoinedBeforeAnotherTakesItsPlace) {
  std::atomic<int> done = 0;
  Thread thread("first", [&] { ++done; });
  thread = Thread("second", [&] { ++done; });
  EXPECT_GE(done, 1);
  thread.join();
  EXPECT_EQ(done, 2);
}

TEST(Thread, MayBeMovedAndJoinedTwice) {
  Thread empty;
  EXPECT_FALSE(empty.joinable());
  empty.join();
  Thread thread("worker", [] {});
  Thread moved(std::move(thread));
  EXPECT_TRUE(moved.joinable());
  moved.join();
  moved.join();
  EXPECT_FALSE(moved.joinable());
}

TEST(Thread, RunsAFunctionThatCannotBeCopied) {
  auto number = std::make_unique<int>(7);
  int seen = 0;
  Thread("worker", [number = std::move(number), &seen] { seen = *number; }).join();
  EXPECT_EQ(seen, 7);
}

TEST(Mutex, LetsOneThreadInAtATime) {
  Mutex mutex;
  int count = 0;
  const auto work = [&] {
    for (int round = 0; round < 1000; ++round) {
      const MutexLock lock(mutex);
      ++count;
    }
  };
  {
    const Thread one("one", work);
    const Thread other("other", work);
  }
  EXPECT_EQ(count, 2000);
}

}  // namespace
}  // namespace varve
