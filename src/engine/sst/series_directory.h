// SPDX-License-Identifier: Apache-2.0
// Which rows of an SST belong to which series, and what is known of them without decoding: for some
// neighbouring series, a block of a file's directory.
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
#include "engine/cache/cached_block.h"
#include "engine/sst/field_summary.h"
#include "model/series_key.h"
#include "model/time_range.h"

namespace varve::engine {

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

/// Where the rows of a file lie, so that runs need not say it: row group g has the rows
/// [begins[g], begins[g + 1]); the last number counts all rows.
using RowGroupBegins = std::span<const uint64_t>;

class SeriesDirectory final : public CachedBlock {
 public:
  /// Shorter runs carry no summaries: they would cost more than decoding.
  static constexpr uint32_t kSummaryRowsMin = 64;

  explicit SeriesDirectory(size_t numeric_field_count)
      : numeric_field_count_(numeric_field_count) {}

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
  std::span<const FieldSummary> summaries(const SeriesRows& rows) const {
    if (!rows.summaries_begin) return {};
    return std::span(summaries_).subspan(*rows.summaries_begin, numeric_field_count_);
  }
  size_t size_bytes() const override;
  /// About what encode() will give, at no cost.
  size_t plain_bytes() const {
    return keys_.size() + entries_.size() * 2 + runs_.size() * 12 + summaries_.size() * 41;
  }

  /// Empty again; its memory is used again.
  void clear();

  /// Adds the uncompressed bytes of a block, format number first.
  void encode(std::string& out) const;
  /// Reads what encode() gave. The runs fill the rows [row_begin, row_end) of the file exactly, or
  /// the bytes are refused as kCorrupt.
  static Result<SeriesDirectory> decode(std::string_view bytes, size_t numeric_field_count,
                                        RowGroupBegins begins, uint64_t row_begin,
                                        uint64_t row_end);
  /// The directory of a whole file of format 1.
  static Result<SeriesDirectory> decode_format1(std::string_view bytes, size_t numeric_field_count,
                                                RowGroupBegins begins);

 private:
  struct Entry {
    KeyHash hash;
    uint64_t key_offset = 0;
    uint32_t key_size_bytes = 0;
    uint32_t runs_begin = 0;
    uint32_t runs_end = 0;
  };
  struct Decoder;
  bool hashes_follow_from_keys() const;

  size_t numeric_field_count_;
  std::string keys_;
  std::vector<Entry> entries_;
  std::vector<SeriesRows> runs_;
  std::vector<FieldSummary> summaries_;
};

}  // namespace varve::engine
