// SPDX-License-Identifier: Apache-2.0
// Which rows of an SST belong to which series, and what is known of them without decoding.
//
//   series (by key hash) ──▶ runs (by row group) ──▶ per field: count, min, max, sum, first, last
//
// Bytes: docs/formats/sst.md. Threads: immutable once made; safe anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/column_vector.h"
#include "model/series_key.h"
#include "model/time_range.h"

namespace varve::engine {

/// What is known of one field over one run. Numbers only; a cell that holds no value is not
/// counted. Integer sums wrap. With count 0 the rest is zero.
struct FieldSummary {
  uint64_t count = 0;
  /// 8 bytes as the field's type has them (double, int64_t, uint64_t).
  uint64_t min_bits = 0;
  uint64_t max_bits = 0;
  uint64_t sum_bits = 0;
  uint64_t first_bits = 0;
  uint64_t last_bits = 0;
  friend bool operator==(const FieldSummary&, const FieldSummary&) = default;
};

/// Rows [row_begin, row_begin + row_count) of a row group; all of one series, sorted by time.
struct SeriesRows {
  uint32_t row_group = 0;
  uint32_t row_begin = 0;
  uint32_t row_count = 0;
  int64_t time_first_ns = 0;
  int64_t time_last_ns = 0;
  /// Where the summaries of the numeric fields begin in the directory; none for short runs.
  std::optional<uint32_t> summaries_begin;
};

struct DirectoryEntry {
  KeyHash hash;
  uint64_t key_offset = 0;
  uint32_t key_size_bytes = 0;
  uint32_t runs_begin = 0;
  uint32_t runs_end = 0;
};

class SeriesDirectory {
 public:
  /// Shorter runs carry no summaries: they would cost more than decoding.
  static constexpr uint32_t kSummaryRowsMin = 64;

  /// Adds rows of a series; hashes rise, runs of one series follow each other. `summaries`: one for
  /// each numeric field of the file, or empty.
  void add_rows(const SeriesRef& series, SeriesRows rows, std::span<const FieldSummary> summaries);

  size_t series_count() const { return entries_.size(); }
  SeriesRef series(size_t index) const {
    const auto& entry = entries_[index];
    return {entry.hash, std::string_view(keys_).substr(entry.key_offset, entry.key_size_bytes)};
  }
  std::span<const SeriesRows> rows(size_t index) const {
    const auto& entry = entries_[index];
    return std::span(runs_).subspan(entry.runs_begin, entry.runs_end - entry.runs_begin);
  }
  /// The index of a series, by binary search.
  std::optional<size_t> find(const KeyHash& hash) const;
  /// One for each numeric field of the file, in its order; empty for short runs.
  std::span<const FieldSummary> summaries(const SeriesRows& rows, size_t numeric_field_count) const;
  size_t size_bytes() const;

  /// Uncompressed bytes, format number first.
  std::string encode(size_t numeric_field_count) const;
  static Result<SeriesDirectory> decode(std::string_view bytes, size_t numeric_field_count);

 private:
  std::string keys_;
  std::vector<DirectoryEntry> entries_;
  std::vector<SeriesRows> runs_;
  std::vector<FieldSummary> summaries_;
};

/// Of the cells of a numeric column; nothing for other types.
std::optional<FieldSummary> summarize(const ColumnView& cells);
constexpr bool is_summarized(ValueType type) {
  return type == ValueType::kFloat64 || type == ValueType::kInt64 || type == ValueType::kUint64;
}

}  // namespace varve::engine
