// SPDX-License-Identifier: Apache-2.0
// How many measurements, series and values of tags a database may have, for those who want a bound.
//
//   RowBuilder: a series that it has not met before ──has()?──no──▶ the request is parked
//   SchemaPass: what of the request is new ──admit()──▶ make it ──add()──▶ the builder starts over
// A request with anything beyond a limit is refused as a whole. What is known is written on.
//
// Which series and values there are is asked of the store when a table is first met, and kept as
// hashes: 8 bytes each and the room of a set. Without limits nothing of this exists.
// Threads: has(), forget() and generation() are safe anywhere; the rest belongs to the catalog's.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "io/clock.h"
#include "store/store.h"

namespace varve {

/// 0: no limit.
struct CardinalityLimits {
  uint64_t tag_values_per_table_max = 0;  ///< Different values of one tag.
  uint64_t tables_per_database_max = 0;   ///< Different names, whatever the policy.
  uint64_t series_per_database_max = 0;   ///< Of all policies: a series in two counts twice.
};

/// A series that the ledger does not have. Tags are sorted by name.
struct NewSeries {
  std::string table;
  std::vector<std::pair<std::string, std::string>> tags;
};

class CardinalityLedger {
 public:
  using Tags = std::span<const std::pair<std::string_view, std::string_view>>;

  /// The collaborators outlive it. The seed keeps clients from choosing hashes.
  CardinalityLedger(Store& store, const Clock& clock, const CardinalityLimits& limits,
                    uint64_t seed)
      : store_(store), clock_(clock), limits_(limits), seed_(seed) {}

  /// Whether series are counted, or values of tags.
  bool counts_series() const {
    return limits_.tag_values_per_table_max > 0 || limits_.series_per_database_max > 0;
  }
  /// Whether all that a series adds is known: it may be written. False for a table never loaded.
  bool has(TableId table, Tags tags) const;
  /// Rows of the table were deleted: what it has is asked again once a limit is reached.
  void forget(TableId table);
  /// Rises when series may have gone: what has() said before is no longer true.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// Asks the store what the table has, unless that is known.
  Result<void> load(const Table& table);
  /// kTooLarge, in words, when these would pass a limit: series of the policy's tables, and
  /// tables that are not there yet. Changes nothing that others see.
  Result<void> admit(const Database& database, const Policy& policy,
                     const std::vector<NewSeries>& series,
                     const std::vector<std::string>& new_tables);
  /// They were admitted and the table is made.
  void add(const Table& table, const std::vector<NewSeries>& series);
  /// Forgets every other table.
  void keep_only(const std::unordered_set<uint32_t>& tables);

 private:
  struct Counted {
    std::unordered_set<uint64_t> series;
    std::unordered_map<std::string, std::unordered_set<uint64_t>> values;  // By tag.
    int64_t loaded_ns = 0;
    bool is_stale = false;
  };
  using SeriesByTable = std::unordered_map<std::string, std::vector<const NewSeries*>>;

  uint64_t hash_of(std::string_view text) const;
  template <class TagList>
  uint64_t series_hash(const TagList& tags) const;
  template <class TagList>
  void count(Counted& counted, const TagList& tags) const;
  Result<Counted> ask_store(const Table& table) const;
  /// Asks the store again, where the answer may be another; false when it may not.
  Result<bool> reload(const Table& table);
  Result<void> check_tables(const Database& database,
                            const std::vector<std::string>& new_tables) const;
  Result<void> check_values(const Policy& policy, const SeriesByTable& series);
  Result<void> check_values_of(const Table* table, const std::string& name,
                               const std::vector<const NewSeries*>& series) const;
  Result<void> check_series(const Database& database, const std::vector<NewSeries>& series);
  uint64_t series_count(const Database& database) const;

  Store& store_;
  const Clock& clock_;
  const CardinalityLimits limits_;
  const uint64_t seed_;
  std::atomic<uint64_t> generation_{0};
  mutable Mutex mutex_;
  std::unordered_map<uint32_t, Counted> by_table_ GUARDED_BY(mutex_);
};

}  // namespace varve
