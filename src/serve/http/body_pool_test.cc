// SPDX-License-Identifier: Apache-2.0
#include "serve/http/body_pool.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

constexpr size_t kSize = 100'000;

TEST(BodyPool, GivesTheMemoryOfAnEarlierBody) {
  BodyPool pool(nullptr);
  EXPECT_EQ(pool.take(kSize).capacity(), std::string().capacity()) << "there is none yet";
  std::string body(kSize, 'a');
  const char* const memory = body.data();
  pool.give(std::move(body));
  const std::string again = pool.take(kSize - 10);
  EXPECT_EQ(again.data(), memory);
  EXPECT_EQ(pool.kept_count(), 0u);
}

TEST(BodyPool, GivesBodiesOfNearlyOneSizeTheSameMemory) {
  BodyPool pool(nullptr);
  std::string body;
  body.reserve(BodyPool::room_for(3'400'000));
  const char* const memory = body.data();
  pool.give(std::move(body));
  EXPECT_EQ(pool.take(3'450'000).data(), memory);
}

TEST(BodyPool, AsksForTheRoomOfTheNextQuarterOfAPowerOfTwo) {
  // One less: a text ends with a byte of its own, which must not cost the next quarter.
  EXPECT_EQ(BodyPool::room_for(65'535), 65'535u) << "nobody keeps it";
  EXPECT_EQ(BodyPool::room_for(65'536), 81'919u);
  EXPECT_EQ(BodyPool::room_for(81'919), 81'919u);
  EXPECT_EQ(BodyPool::room_for(81'920), 98'303u);
  EXPECT_EQ(BodyPool::room_for(131'071), 131'071u);
  EXPECT_EQ(BodyPool::room_for(3'400'000), 3'670'015u);
}

TEST(BodyPool, GivesNoMemoryThatIsTooSmall) {
  BodyPool pool(nullptr);
  pool.give(std::string(kSize, 'a'));
  EXPECT_TRUE(pool.take(kSize * 2).empty());
  EXPECT_TRUE(pool.take(10).empty()) << "a small body needs no large memory";
}

TEST(BodyPool, KeepsNeitherSmallNorHugeNorManyBodies) {
  BodyPool pool(nullptr);
  pool.give(std::string(100, 'a'));
  pool.give(std::string(BodyPool::kBytesMax + 1, 'a'));
  EXPECT_EQ(pool.kept_count(), 0u);
  for (size_t i = 0; i < 2 * BodyPool::kBodiesMax; ++i) pool.give(std::string(kSize, 'a'));
  EXPECT_EQ(pool.kept_count(), BodyPool::kBodiesMax);
}

TEST(BodyPool, FreesWhatWasNotInUseSinceTheLastLook) {
  BodyPool pool(nullptr);
  pool.give(std::string(kSize, 'a'));
  pool.give(std::string(kSize, 'b'));
  pool.drop_unused();
  EXPECT_EQ(pool.kept_count(), 2u) << "they have just come";
  pool.give(pool.take(kSize));
  pool.drop_unused();
  EXPECT_EQ(pool.kept_count(), 1u);
  pool.drop_unused();
  EXPECT_EQ(pool.kept_count(), 0u);
}

TEST(BodyPool, ClaimsWhatItKeeps) {
  MemoryGovernor memory(64u << 20, {});
  {
    BodyPool pool(&memory);
    pool.give(std::string(kSize, 'a'));
    EXPECT_GE(memory.claimed_bytes(MemoryGovernor::Use::kBodies), kSize);
    std::string body = pool.take(kSize);
    EXPECT_EQ(memory.claimed_bytes(MemoryGovernor::Use::kBodies), 0u);
    pool.give(std::move(body));
  }
  EXPECT_EQ(memory.claimed_bytes(MemoryGovernor::Use::kBodies), 0u);
}

}  // namespace
}  // namespace varve
