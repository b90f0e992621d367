// SPDX-License-Identifier: Apache-2.0
#include "varve/object_claim.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "io/simulated_object_store.h"
#include "varve/ownership_watch.h"

namespace varve {
namespace {

ObjectOwner owner(const std::string& id) {
  return {.id = id, .host = "h-" + id, .data_directory = "/var/lib/" + id,
          .claimed_at = "2026-01-02T03:04:05Z"};
}

TEST(ObjectClaim, IsTheFirstOnesAndStaysSo) {
  SimulatedObjectStore store;
  EXPECT_TRUE(claim_objects(store, owner("a")));
  EXPECT_TRUE(claim_objects(store, owner("a")));
  const auto refused = claim_objects(store, owner("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  for (const char* fact : {"/var/lib/a", "h-a", "2026-01-02T03:04:05Z", "--take-over"}) {
    EXPECT_NE(refused.error().message.find(fact), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(read_object_owner(store)->id, "a");
}

TEST(ObjectClaim, HasExactlyOneWinnerOfManyWhateverGetsLost) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SimulatedObjectStore store(seed);
    store.fail_next(seed % 7);
    std::atomic<int> winners{0};
    {
      std::vector<Thread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back("claims", [&store, &winners, i] {
          // Whoever meets an error tries again, as a start does.
          for (int attempt = 0; attempt < 20; ++attempt) {
            const auto claimed = claim_objects(store, owner(std::to_string(i)));
            if (claimed) ++winners;
            if (claimed || claimed.error().code == ErrorCode::kAlreadyExists) return;
          }
        });
      }
    }
    EXPECT_EQ(winners.load(), 1) << "seed " << seed;
  }
}

TEST(ObjectClaim, RefusesThePrefixOfABackup) {
  SimulatedObjectStore store;
  ASSERT_TRUE(store.put("VARVE-BACKUP", "x"));
  EXPECT_EQ(claim_objects(store, owner("a")).error().code, ErrorCode::kInvalidInput);
}

TEST(ObjectClaim, IsNoticedByWhomItWasTakenFrom) {
  SimulatedObjectStore store;
  SimulatedClock clock(0);
  ASSERT_TRUE(claim_objects(store, owner("a")));
  OwnershipGuard guard(store, "a", clock);
  EXPECT_TRUE(guard.check());
  ASSERT_TRUE(take_over_objects(store, owner("b")));
  EXPECT_TRUE(claim_objects(store, owner("b")));
  clock.advance_ns(11'000'000'000);
  EXPECT_EQ(guard.check().error().code, ErrorCode::kForbidden);
  store.set_away(true);
  EXPECT_EQ(guard.check().error().code, ErrorCode::kIo);
}

TEST(ObjectClaim, TellsOnceWhenItIsLost) {
  SimulatedObjectStore store;
  ASSERT_TRUE(claim_objects(store, owner("a")));
  OwnershipGuard guard(store, "a", SystemClock::instance());
  std::promise<Error> lost;
  // Told a second time, the promise would end the test.
  OwnershipWatch watch(guard, [&](const Error& error) { lost.set_value(error); }, 1);
  ASSERT_TRUE(take_over_objects(store, owner("b")));
  const Error error = lost.get_future().get();
  EXPECT_EQ(error.code, ErrorCode::kForbidden);
  EXPECT_NE(error.message.find("h-b"), std::string::npos) << error.message;
}

TEST(ObjectClaim, IsNotLostWhileTheStoreIsAway) {
  SimulatedObjectStore store;
  ASSERT_TRUE(claim_objects(store, owner("a")));
  OwnershipGuard guard(store, "a", SystemClock::instance());
  store.set_away(true);
  bool is_lost = false;
  {
    const uint64_t calls = store.calls();
    OwnershipWatch watch(guard, [&](const Error&) { is_lost = true; }, 1);
    while (store.calls() < calls + 3) std::this_thread::yield();
  }
  EXPECT_FALSE(is_lost);
}

}  // namespace
}  // namespace varve
