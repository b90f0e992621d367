// SPDX-License-Identifier: Apache-2.0
// All series of one table, as a columnar table of their own: per tag an array of value ids by
// series, and the dictionary of its values. Conditions on tags are decided once for each value and
// then read off the arrays.
//
//   key hash ──▶ SeriesId ──▶ key bytes, and per tag a value id ──▶ text
//
// Memory: about 36 bytes a series and 4 for each of its tags, plus the key bytes (once) and 60
// bytes for each distinct value of a tag.
// Threads: one writer (the shard's writer thread, or whoever opens the shard); everything else is
// safe anywhere. Series and values are never removed: views live as long as the index.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/stable_array.h"
#include "model/column_vector.h"
#include "model/series_key.h"

namespace varve::engine {

/// Dense number of a series inside one table of this process.
enum class SeriesId : uint32_t {};

/// The values of one tag.
class TagValues {
 public:
  TagValues(ColumnId id, uint64_t seed) : id_(id), text_ids_(8, TextHash{seed}) {}

  ColumnId id() const { return id_; }
  /// Value ids are [1, value_count()]; 0 means that the series does not have the tag.
  uint32_t value_count() const { return value_count_.load(std::memory_order_acquire); }
  std::string_view text(uint32_t value_id) const { return texts_.get(value_id); }
  const StableArray<uint32_t>& value_ids() const { return value_ids_; }

 private:
  friend class SeriesIndex;
  // Seeded, because senders choose the texts.
  struct TextHash {
    uint64_t seed;
    size_t operator()(std::string_view text) const { return hash128_seeded(text, seed).low; }
  };

  ColumnId id_;
  StableArray<uint32_t> value_ids_;
  StableArray<std::string_view> texts_;
  std::atomic<uint32_t> value_count_{0};
  std::unordered_map<std::string_view, uint32_t, TextHash> text_ids_;
};

class SeriesIndex {
 public:
  explicit SeriesIndex(uint64_t seed) : seed_(seed) {}
  ~SeriesIndex();

  /// Writer only. The series of the key, new or not. kConflict when another key has its hash,
  /// kCorrupt when the bytes are no key.
  Result<SeriesId> add(const KeyHash& hash, std::string_view key);
  /// Writer only: without the lock.
  std::optional<SeriesId> find_as_writer(const KeyHash& hash) const;

  std::optional<SeriesId> find(const KeyHash& hash) const;
  uint32_t series_count() const { return series_count_.load(std::memory_order_acquire); }
  SeriesRef series(SeriesId id) const { return {hash(id), keys_.get(raw(id))}; }
  KeyHash hash(SeriesId id) const { return hashes_.get(raw(id)); }
  /// Null when no series ever had the tag.
  const TagValues* tag(ColumnId id) const;
  /// Every tag that some series has, by rising id.
  std::vector<ColumnId> tag_ids() const;
  /// The id of a text; 0 when no series has it.
  uint32_t value_id(const TagValues& tag, std::string_view text) const;
  /// Every series of some moment after the call began, in order of hash.
  std::shared_ptr<const std::vector<SeriesId>> by_hash() const;
  size_t size_bytes() const;

 private:
  void add_to_slots(const KeyHash& hash, uint32_t id) REQUIRES(mutex_);
  TagValues& tag_to_write(ColumnId id);

  const uint64_t seed_;
  std::atomic<uint32_t> series_count_{0};
  StableArray<KeyHash> hashes_;
  StableArray<std::string_view> keys_;
  StringArena key_bytes_;
  std::atomic<uint32_t> tag_count_{0};
  StableArray<TagValues*> tags_;  // Owned.

  // The writer changes what follows with the lock held and reads it without; others lock to read.
  mutable Mutex mutex_;
  std::vector<uint32_t> slots_;  // Open addressing: id + 1, 0 is free.
  mutable std::shared_ptr<const std::vector<SeriesId>> by_hash_;
};

}  // namespace varve::engine
