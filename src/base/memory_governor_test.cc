// SPDX-License-Identifier: Apache-2.0
#include "base/memory_governor.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <thread>
#include <vector>

namespace varve {
namespace {

using Use = MemoryGovernor::Use;

/// A process whose memory the test says.
struct FakeProcess {
  size_t resident_bytes = 0;
  size_t kept_by_allocator = 0;
  int64_t now_ns = 0;
  int trims = 0;

  MemoryGovernor::Process process() {
    return {.resident_bytes = [this] { return resident_bytes + kept_by_allocator; },
            .trim =
                [this] {
                  ++trims;
                  kept_by_allocator = 0;
                },
            .steady_ns = [this] { return now_ns; }};
  }
};

TEST(MemoryGovernor, LetsWritesInUpToTheirShareAndQueriesALittleFurther) {
  MemoryGovernor governor(1'000, {});
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 600));
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 1));
  EXPECT_TRUE(governor.try_claim(Use::kQueries, 200));
  EXPECT_FALSE(governor.try_claim(Use::kQueries, 1));
  EXPECT_EQ(governor.used_bytes(), 800u) << "a refused claim leaves nothing behind";
  governor.release(Use::kBodies, 600);
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 400));
}

TEST(MemoryGovernor, KeepsNoMoreThanItsHeadroomFreeOfALargeLimit) {
  constexpr size_t kLimit = size_t{64} << 30;
  MemoryGovernor governor(kLimit, {});
  EXPECT_TRUE(governor.try_claim(Use::kBodies, kLimit - MemoryGovernor::kHeadroomBytes));
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 1));
}

TEST(MemoryGovernor, CountsWhatTheProcessHoldsBeyondTheClaims) {
  FakeProcess process;
  MemoryGovernor governor(1'000, process.process());
  process.resident_bytes = 550;
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 51));
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 50));
  EXPECT_EQ(governor.used_bytes(), 600u) << "a claim is not there yet when it is made";
  EXPECT_TRUE(governor.is_tight());
}

TEST(MemoryGovernor, CountsClaimsThatWereMadeSinceItMeasured) {
  FakeProcess process;
  MemoryGovernor governor(1'000, process.process());
  process.resident_bytes = 500;
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 50));
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 50));
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 1));
}

TEST(MemoryGovernor, CountsAClaimOnceWhenItsMemoryIsThere) {
  FakeProcess process;
  MemoryGovernor governor(1'000, process.process());
  process.resident_bytes = 300;
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 200));
  process.resident_bytes = 500;
  process.now_ns += 20'000'000;
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 100));
  EXPECT_EQ(governor.used_bytes(), 600u);
}

TEST(MemoryGovernor, RemembersForAWhileWhatWasHeldBeyondTheClaims) {
  FakeProcess process;
  MemoryGovernor governor(1'000, process.process());
  process.resident_bytes = 590;
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 100));
  process.resident_bytes = 0;
  process.now_ns += 20'000'000;
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 100)) << "it may come again at any moment";
  process.now_ns += 10'000'000'000;
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 100));
}

TEST(MemoryGovernor, CountsPagesOfTheProgramUpToAShareOfTheLimit) {
  FakeProcess process;
  auto with_files = process.process();
  size_t file_bytes = 100;
  with_files.file_bytes = [&] { return file_bytes; };
  MemoryGovernor governor(1'000, with_files);
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 1));
  EXPECT_EQ(governor.used_bytes(), 101u);
  file_bytes = 100'000;
  process.now_ns += 20'000'000;
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 1)) << "the system takes them back when it must";
}

TEST(MemoryGovernor, MeasuresNowAndThenOnly) {
  FakeProcess process;
  MemoryGovernor governor(1'000, process.process());
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 1));
  process.resident_bytes = 900;
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 1)) << "not measured again yet";
  process.now_ns += 1'000'000'000;
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 1));
}

TEST(MemoryGovernor, GivesBackWhatTheAllocatorKeepsButNotAllTheTime) {
  FakeProcess process;
  MemoryGovernor governor(1'000, process.process());
  process.kept_by_allocator = 900;
  EXPECT_TRUE(governor.try_claim(Use::kBodies, 100));
  EXPECT_EQ(process.trims, 1);
  process.resident_bytes = 590;
  process.now_ns += 20'000'000;
  EXPECT_FALSE(governor.try_claim(Use::kBodies, 100));
  EXPECT_EQ(process.trims, 1);
}

TEST(MemoryGovernor, ShrinksTheCacheBeforeItRefusesWrites) {
  MemoryGovernor governor(1'000, {});
  EXPECT_EQ(governor.cache_bytes_max(), 500u);
  governor.claim(Use::kCache, 300);
  EXPECT_EQ(governor.cache_bytes_max(), 500u) << "its own bytes are not in its way";
  governor.claim(Use::kMemtables, 400);
  EXPECT_EQ(governor.cache_bytes_max(), 100u);
  governor.claim(Use::kMemtables, 600);
  EXPECT_EQ(governor.cache_bytes_max(), 0u);
}

TEST(MemoryGovernor, HoldsItsLimitWhenManyThreadsClaim) {
  MemoryGovernor governor(1'000'000, {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        ScopedMemory memory(&governor, Use::kQueries);
        if (!memory.set(200'000)) continue;
        // A claim in flight that will be refused may be counted for a moment.
        EXPECT_LE(governor.claimed_bytes(Use::kQueries), 800'000u + 8 * 200'000u);
        EXPECT_TRUE(memory.set(50'000));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(governor.used_bytes(), 0u);
}

TEST(ScopedMemory, AllowsEverythingWithoutAGovernor) {
  ScopedMemory memory(nullptr, Use::kBodies);
  EXPECT_TRUE(memory.set(SIZE_MAX));
}

TEST(ScopedMemory, HoldsWhatMustBeThereEvenBeyondTheLimit) {
  MemoryGovernor governor(1'000, {});
  {
    ScopedMemory memory(&governor, Use::kMemtables);
    memory.set_anyway(900);
    EXPECT_EQ(governor.used_bytes(), 900u);
    memory.set_anyway(400);
    EXPECT_EQ(governor.used_bytes(), 400u);
  }
  EXPECT_EQ(governor.used_bytes(), 0u);
}

TEST(MemoryGovernor, KnowsThisProcessAndMachine) {
  const auto process = MemoryGovernor::this_process();
  EXPECT_GT(process.resident_bytes(), 0u);
  EXPECT_GT(default_memory_limit_bytes(), 0u);
}

// A small limit would refuse writes for ever once enough of the program was read into memory.
TEST(MemoryGovernor, DoesNotCountPagesOfFilesWhichTheSystemTakesBackByItself) {
  constexpr size_t kBytes = 64u << 20;
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(ftruncate(fileno(file), kBytes), 0);
  const auto process = MemoryGovernor::this_process();
  const size_t before = process.resident_bytes();
  void* mapped = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fileno(file), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_LT(process.resident_bytes(), before + kBytes / 2);
  munmap(mapped, kBytes);
  std::fclose(file);
}

}  // namespace
}  // namespace varve
