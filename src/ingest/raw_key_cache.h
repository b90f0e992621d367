// SPDX-License-Identifier: Apache-2.0
// From a key as sent (measurement and tags, one opaque view) to its series, without reading it.
//
//   hash of the raw key ──▶ is it what followed the last key, last time? ──yes──▶ entry
//                                  └──no──▶ table of slots ──▶ entry
// Senders repeat their order, so the guess is nearly always right and reads memory in sequence.
// The hash has 128 bits and a seed that nobody outside knows: equal hashes are taken as equal keys.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/checksum.h"
#include "model/column_vector.h"
#include "model/series_key.h"

namespace varve {

/// One series of one table. Both are numbers of the cache's owner.
struct CachedSeries {
  KeyHash hash;
  std::string_view key;  ///< Canonical bytes, kept by the cache.
  uint32_t table_index = 0;
  /// In which batch it was seen last, and where there.
  uint32_t batch_index = 0;
  uint64_t batch_serial = 0;
};

/// Threads: one owner.
class RawKeyCache {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// The series of the key with this hash, or null. Valid until the next put() or clear().
  CachedSeries* find(const Hash128& hash) {
    if (last_ != kNone) {
      const uint32_t guess = entries_[last_].next;
      if (guess != kNone && entries_[guess].hash == hash) {
        last_ = guess;
        return &series_[entries_[guess].series];
      }
    }
    return find_slowly(hash);
  }

  /// Fetches what find() of these hashes will read. Does nothing while the guesses are good: then
  /// memory is read in sequence anyway.
  void prefetch(std::span<const Hash128> hashes);

  /// Keeps the series under both hashes: that of the raw key and that of the canonical one, under
  /// which every spelling of the key meets. Replaces what either named before.
  CachedSeries* put(const Hash128& raw_hash, const Hash128& canonical_hash, uint32_t table_index,
                    std::string_view key);

  /// The same for a raw key that is not here, when all of its table's are spelt alike: then no
  /// other raw key names its series, and it need not be found by its canonical hash.
  CachedSeries* put_alike(const Hash128& raw_hash, uint32_t table_index, std::string_view key);
  /// From now on keys of the table may be spelt otherwise: makes up for what put_alike() spared,
  /// and takes as long as there are such series of this table. The seed is that of the table's
  /// canonical hashes. Once for each table.
  void index_canonical(uint32_t table_index, uint64_t seed);

  /// Of raw keys; grows by at most one a put().
  size_t key_count() const { return key_count_; }
  void clear();

 private:
  struct Entry {
    Hash128 hash;
    uint32_t series = 0;
    uint32_t next = kNone;  // What followed last time.
  };
  struct Slot {
    uint32_t tag = 0;  // Upper bits of the hash: spares most looks at entries that differ.
    uint32_t entry = kNone;
  };

  static uint32_t tag_of(const Hash128& hash) { return static_cast<uint32_t>(hash.high); }
  CachedSeries* find_slowly(const Hash128& hash);
  uint32_t probe(const Hash128& hash) const;
  /// The number of the entry.
  uint32_t add(const Hash128& hash, uint32_t series);
  uint32_t add_series(uint32_t table_index, std::string_view key);
  void grow();

  std::vector<Slot> slots_;
  std::vector<Entry> entries_;
  std::vector<CachedSeries> series_;
  // Series of put_alike(): of each table the last one, and for each series the one before it.
  // Looking for them among all series would cost each table as much as all of them have.
  std::vector<uint32_t> alike_last_;
  std::vector<uint32_t> alike_before_;
  StringArena keys_;
  size_t key_count_ = 0;
  uint32_t last_ = kNone;
  size_t wrong_guesses_ = 0;  // Since the last prefetch().
};

}  // namespace varve
