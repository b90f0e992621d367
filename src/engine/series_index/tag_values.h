// SPDX-License-Identifier: Apache-2.0
// The dictionary of one tag and the value of each series: text ⇄ value id, series ──▶ value id.
//
// Memory: 5 bytes and 11 for the way back a distinct value, plus its text.
// Threads: one writer; the rest is safe anywhere. Views live as long as the object.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/series_index/id_table.h"
#include "engine/series_index/value_ids.h"
#include "model/ids.h"

namespace varve::engine {

class TagValues {
 public:
  /// `seed`: senders choose the texts, so the way their hashes fall must not be known to them.
  TagValues(ColumnId id, uint64_t seed);

  ColumnId id() const { return id_; }
  /// What stands before the length and the text of a value in the key of a series.
  std::string_view key_prefix() const { return key_prefix_; }

  /// Value ids are [1, value_count()]; 0 means that the series does not have the tag.
  uint32_t value_count() const { return value_count_.load(std::memory_order_acquire); }
  std::string_view text(uint32_t value_id) const;
  /// Fetches a part of what text() will read.
  void prefetch_place(uint32_t value_id) const { places_.prefetch(value_id); }
  /// The id of a text; 0 when it never was a value.
  uint32_t find(std::string_view text) const;
  const ValueIds& value_ids() const { return value_ids_; }

  /// Writer only. Fetches what find_or_add() will read, where that is far away.
  void prefetch(std::string_view text) const;
  /// Writer only. kTooLarge when the texts of the tag fill 16 GiB.
  Result<uint32_t> find_or_add(std::string_view text);
  /// While nobody else knows the tag: a value that it does not have, then the values of series (see
  /// ValueIds::load).
  Result<void> load_text(std::string_view text);
  void load_series(size_t begin, size_t count, const char* cells) {
    value_ids_.load(begin, count, cells, value_count());
  }
  /// Makes the way from texts that were loaded to their values, which whoever asks for it first
  /// would make. Any thread.
  void index_texts() const;
  /// Writer only. The series is not published yet.
  void set(size_t series, uint32_t value_id) { value_ids_.set(series, value_id); }
  /// Safe anywhere; what the writer adds meanwhile may be missing.
  size_t size_bytes() const {
    return size_bytes_.load(std::memory_order_relaxed) +
           by_text_bytes_.load(std::memory_order_relaxed);
  }
  /// Writer only.
  void measure();

 private:
  // A text lies in words: a byte with its length, then its bytes; or kLong and the address of a
  // LongText, so that no text crosses the end of a part.
  static constexpr uint8_t kLong = 255;
  struct LongText {
    std::string text;
  };
  uint32_t hash_of(std::string_view text) const;
  uint32_t find_here(std::string_view text, uint32_t hash) const;
  void index_texts_here() const REQUIRES(mutex_);
  Result<uint32_t> put(std::string_view text);

  const ColumnId id_;
  const uint64_t seed_;
  const std::string key_prefix_;
  ValueIds value_ids_;
  StableArray<uint32_t> words_;
  uint64_t word_count_ = 0;
  StableArray<uint32_t> places_;  // By value id: where its text begins in words_.
  std::vector<std::unique_ptr<LongText>> long_texts_;
  size_t long_bytes_ = 0;
  std::atomic<uint32_t> value_count_{0};
  std::atomic<size_t> size_bytes_{0};

  // The writer changes it with the lock held and reads it without; others lock to read. Of loaded
  // texts it is made with the lock held, before anybody reads it.
  mutable Mutex mutex_;
  mutable IdTable by_text_;
  mutable std::atomic<bool> is_indexed_{true};
  mutable std::atomic<size_t> by_text_bytes_{0};
};

}  // namespace varve::engine
