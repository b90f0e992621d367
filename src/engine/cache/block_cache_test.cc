// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/block_cache.h"

#include <gtest/gtest.h>

#include "base/memory_governor.h"
#include "engine/sst/sst_reader.h"

namespace varve::engine {
namespace {

std::shared_ptr<const DecodedColumn> block() {
  ColumnVector cells(ValueType::kInt64);
  for (int64_t i = 0; i < 100; ++i) cells.append_i64(i);
  return std::make_shared<const DecodedColumn>(std::move(cells));
}

TEST(BlockCache, ForgetsWhatWasNotUsedForTheLongestTime) {
  const size_t size = block()->size_bytes();
  BlockCache cache(size * 2);
  const BlockKey first{.file = 1, .row_group = 0, .column = 0};
  const BlockKey second{.file = 1, .row_group = 0, .column = 1};
  const BlockKey third{.file = 2, .row_group = 0, .column = 0};
  cache.add(first, block());
  cache.add(second, block());
  EXPECT_NE(cache.find<DecodedColumn>(first), nullptr);
  cache.add(third, block());
  EXPECT_EQ(cache.find<DecodedColumn>(second), nullptr);
  EXPECT_NE(cache.find<DecodedColumn>(first), nullptr);
  EXPECT_NE(cache.find<DecodedColumn>(third), nullptr);
  EXPECT_LE(cache.size_bytes(), size * 2);
}

TEST(BlockCache, ForgetsAFileAndNeverKeepsMoreThanItsLimit) {
  BlockCache cache(1'000'000);
  cache.add({.file = 1, .row_group = 0, .column = 0}, block());
  const auto held = cache.find<DecodedColumn>({.file = 1, .row_group = 0, .column = 0});
  cache.forget(1);
  EXPECT_EQ(cache.size_bytes(), 0u);
  EXPECT_EQ(held->view().as<int64_t>()[99], 99) << "a reader keeps what it holds";
  BlockCache tiny(10);
  tiny.add({.file = 1, .row_group = 0, .column = 0}, block());
  EXPECT_EQ(tiny.size_bytes(), 0u);
}

// Without anybody who reads, what was cached would keep writes out for ever.
TEST(BlockCache, ShrinksWhenOthersClaimedMemorySince) {
  const size_t size = block()->size_bytes();
  MemoryGovernor memory(size * 20, {});
  BlockCache cache(size * 4, &memory);
  for (uint32_t i = 0; i < 4; ++i) cache.add({.file = 1, .row_group = i, .column = 0}, block());
  EXPECT_EQ(memory.claimed_bytes(MemoryGovernor::Use::kCache), size * 4);
  memory.claim(MemoryGovernor::Use::kMemtables, memory.cache_bytes_max() - size * 2);
  cache.shrink();
  EXPECT_EQ(cache.size_bytes(), size * 2);
  EXPECT_EQ(memory.claimed_bytes(MemoryGovernor::Use::kCache), size * 2);
  EXPECT_NE(cache.find<DecodedColumn>({.file = 1, .row_group = 3, .column = 0}), nullptr);
  EXPECT_EQ(cache.find<DecodedColumn>({.file = 1, .row_group = 0, .column = 0}), nullptr);
}

}  // namespace
}  // namespace varve::engine
