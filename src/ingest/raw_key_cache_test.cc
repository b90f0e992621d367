// SPDX-License-Identifier: Apache-2.0
#include "ingest/raw_key_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace varve {
namespace {

constexpr uint64_t kRawSeed = 1;

Hash128 raw_hash(const std::string& key) { return hash128_seeded(key, kRawSeed); }
// The seed of a table's canonical hashes.
uint64_t seed_of(uint32_t table) { return 100 + table; }
Hash128 canonical_hash(uint32_t table, const std::string& key) {
  return hash128_seeded(key, seed_of(table));
}
std::string key_of(uint32_t table, int i) {
  return std::to_string(table) + "/" + std::to_string(i);
}

TEST(RawKeyCache, FindsWhatWasSpeltAlikeByItsCanonicalKeyOnceThatIsIndexed) {
  constexpr int kKeys = 3'000;
  RawKeyCache cache;
  for (int i = 0; i < kKeys; ++i) {
    for (const uint32_t table : {0u, 2u, 5u}) {
      const std::string key = key_of(table, i);
      EXPECT_EQ(cache.put_alike(raw_hash(key), table, key)->key, key);
    }
  }
  cache.index_canonical(2, seed_of(2));
  const std::string later = key_of(2, kKeys);
  cache.put(raw_hash(later), canonical_hash(2, later), 2, later);
  for (int i = 0; i <= kKeys; ++i) {
    const std::string key = key_of(2, i);
    const CachedSeries* const series = cache.find(raw_hash(key));
    ASSERT_NE(series, nullptr);
    const char* const bytes = series->key.data();
    const auto* const again = cache.put(raw_hash("again " + key), canonical_hash(2, key), 2, key);
    EXPECT_EQ(again->key.data(), bytes) << "two spellings of a key are one series: " << key;
  }
  for (int i = 0; i < kKeys; ++i) {
    for (const uint32_t table : {0u, 5u}) {
      const std::string key = key_of(table, i);
      const CachedSeries* const series = cache.find(raw_hash(key));
      ASSERT_NE(series, nullptr);
      EXPECT_EQ(series->key, key);
      EXPECT_EQ(series->table_index, table);
    }
  }
}

TEST(RawKeyCache, IndexesATableOfWhichNothingWasSpeltAlike) {
  RawKeyCache cache;
  cache.index_canonical(7, seed_of(7));
  cache.put_alike(raw_hash("a"), 0, "a");
  cache.index_canonical(7, seed_of(7));
  cache.clear();
  cache.index_canonical(0, seed_of(0));
  EXPECT_EQ(cache.find(raw_hash("a")), nullptr);
  EXPECT_EQ(cache.put_alike(raw_hash("a"), 0, "a")->key, "a");
}

}  // namespace
}  // namespace varve
