// SPDX-License-Identifier: Apache-2.0
// All series of one table, as a columnar table of their own: per tag an array of value ids by
// series, and the dictionary of its values. Keys are not kept: they are put together from the two.
// Conditions on tags are decided once for each value and then read off the arrays.
//
//   key hash ──▶ SeriesId ──▶ key hash, and per tag a value id ──▶ text
//
// Memory: 20 bytes a series and 11 for the way from its hash (half a byte for series of a snapshot,
// which stand in order of hash), one to four for each of its tags, and 16 bytes and the text for
// each distinct value of a tag.
// Threads: one writer (the shard's writer thread, or whoever opens the shard); everything else is
// safe anywhere. Series and values are never removed: views of texts live as long as the index.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/thread.h"
#include "engine/series_index/hash_buckets.h"
#include "engine/series_index/id_table.h"
#include "engine/series_index/series_bits.h"
#include "engine/series_index/tag_values.h"
#include "engine/stable_array.h"
#include "model/series_key.h"

namespace varve::engine {

class SeriesIndex {
 public:
  explicit SeriesIndex(uint64_t seed) : seed_(seed) {}

  /// Writer only. The series of the key, new or not. kConflict when another key has its hash,
  /// kCorrupt when the bytes are no key.
  Result<SeriesId> add(const KeyHash& hash, std::string_view key);
  /// Writer only. The same for a key that add() took before it was stored: the series of its hash,
  /// when there is one, is taken for its own.
  Result<SeriesId> add_stored(const KeyHash& hash, std::string_view key);
  /// Writer only: without the lock.
  std::optional<SeriesId> find_as_writer(const KeyHash& hash) const;
  /// Writer only. Fetch what find_as_writer() and add() will read: each call what the next one
  /// needs. Without its key a new series is not prepared.
  void prefetch_slice(const KeyHash& hash) const { loaded_.prefetch(hash); }
  void prefetch_slot(const KeyHash& hash) const;
  void prefetch_series(const KeyHash& hash, std::string_view key) const;

  /// Instead of add(), while nobody else knows the index, which is empty: so many series, with
  /// their hashes in rising order, at most a part of a StableArray at a time (false: they are not);
  /// tags, whose values and series are then set in them; and last the end, from where on the way
  /// from texts to values is made by a thread of its own when there are many.
  void begin_load(uint32_t series_count);
  bool load_hashes(std::span<const KeyHash> hashes);
  TagValues& load_tag(ColumnId id) { return tag_to_write(id); }
  void finish_load();

  std::optional<SeriesId> find(const KeyHash& hash) const;
  uint32_t series_count() const { return series_count_.load(std::memory_order_acquire); }
  KeyHash hash(SeriesId id) const { return hashes_.get(static_cast<uint32_t>(id)); }
  /// Adds the key of a series to the text.
  void append_key(SeriesId id, std::string& out) const;
  /// The same with only these tags, by rising id.
  static void append_key(SeriesId id, std::span<const TagValues* const> tags, std::string& out);
  /// Null when no series ever had the tag.
  const TagValues* tag(ColumnId id) const;
  /// Every tag that some series has, by rising id.
  std::vector<ColumnId> tag_ids() const;

  /// Every series of some moment after the call began, in order of hash.
  std::shared_ptr<const std::vector<SeriesId>> by_hash() const;
  /// The series of the set in order of hash. Series outside the set cost nothing when it is small.
  std::vector<SeriesId> by_hash(const SeriesBits& series) const;
  size_t size_bytes() const;

 private:
  using TagList = std::vector<TagValues*>;  // By rising column id.
  struct Cell {
    TagValues* tag = nullptr;
    uint32_t value_id = 0;
  };
  uint32_t slot_hash(const KeyHash& hash) const;
  std::optional<SeriesId> find_loaded(const KeyHash& hash) const;
  std::optional<SeriesId> find_here(const KeyHash& hash) const;
  Result<SeriesId> create(const KeyHash& hash, std::string_view key);
  bool has_key(SeriesId id, std::string_view key) const;
  bool is_key_of(SeriesId id, std::string_view key);
  uint32_t key_check(std::string_view key) const;
  const TagList& tags() const;
  TagValues& tag_to_write(ColumnId id);
  void publish_tags();
  void measure();

  const uint64_t seed_;
  std::atomic<uint32_t> series_count_{0};
  std::atomic<size_t> size_bytes_{0};
  StableArray<KeyHash> hashes_;
  // Of the series that were loaded, which come first and in order of hash.
  HashBuckets loaded_;
  uint32_t loaded_count_ = 0;  // So far, while loading.
  // Writer only: of each series, a part of another hash of its key, which no sender can foresee; 0:
  // not known. A key that has both hashes of a series is its key.
  StableArray<uint32_t> key_checks_;
  std::atomic<const TagList*> tags_{nullptr};

  // Writer only.
  std::vector<std::unique_ptr<TagValues>> all_tags_;  // In order of arrival.
  std::vector<std::unique_ptr<const TagList>> tag_lists_;
  std::vector<Cell> cells_;

  // The writer changes it with the lock held and reads it without; others lock to read.
  mutable Mutex mutex_;
  IdTable by_key_;
  mutable std::shared_ptr<const std::vector<SeriesId>> by_hash_ GUARDED_BY(mutex_);

  Thread texts_thread_;  // Ends first.
};

}  // namespace varve::engine
