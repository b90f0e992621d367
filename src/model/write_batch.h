// SPDX-License-Identifier: Apache-2.0
// Rows on their way in: one table, one segment, columnar and self-contained.
//
// series[row_series[i]], times_ns[i] and columns[c].values[i] form row i. Inside a batch the later
// row wins. docs/formats/write_batch.md describes the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/column_vector.h"
#include "model/ids.h"
#include "model/series_key.h"
#include "model/time_range.h"

namespace varve {

/// One distinct series of a batch.
struct BatchSeries {
  KeyHash hash;
  /// Where its key stands in WriteBatch::key_bytes; empty (size 0) with hash of a non-empty key:
  /// the receiver knows it already.
  uint32_t key_offset = 0;
  uint32_t key_size_bytes = 0;
};

struct BatchColumn {
  ColumnId id{};
  ColumnVector values;
};

struct WriteBatch {
  TableId table{};
  MergeMode mode = MergeMode::kMerge;
  SegmentId segment{};
  TimeRange segment_range;  ///< Holds every time of the batch.
  BatchId id;
  Version version;

  std::string key_bytes;
  std::vector<BatchSeries> series;
  std::vector<uint32_t> row_series;
  std::vector<int64_t> times_ns;
  std::vector<BatchColumn> columns;  ///< Fields only; each as long as times_ns.

  size_t row_count() const { return times_ns.size(); }
  std::string_view key(const BatchSeries& entry) const {
    return std::string_view(key_bytes).substr(entry.key_offset, entry.key_size_bytes);
  }
  size_t size_bytes() const;
};

/// Appends the batch, format number first. Numbers are packed to the byte width of their range:
/// a 10-field row of small integers takes about 22 bytes.
void encode_write_batch(const WriteBatch& batch, std::string& out);

/// kCorrupt when the bytes are no batch. Never reads outside them, never allocates more than a
/// small multiple of them.
Result<WriteBatch> decode_write_batch(std::string_view bytes);

}  // namespace varve
