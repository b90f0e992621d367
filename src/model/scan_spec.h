// SPDX-License-Identifier: Apache-2.0
// What to read: one table, some columns, a time range, a condition; optionally grouped and
// aggregated. Serialisable: it goes to other nodes as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "model/predicate.h"
#include "model/series_key.h"
#include "model/time_range.h"
#include "model/value.h"

namespace varve {

enum class ScanOrder : uint8_t {
  /// By series (in order of KeyHash), then time. Cheapest: what the SSTs have.
  kSeriesTime = 1,
  /// By time; rows of one time by series key bytes.
  kTime,
};

struct ScanColumn {
  ColumnId id{};
  ValueType type = ValueType::kFloat64;
};

enum class AggregateFunction : uint8_t { kCount = 1, kSum, kMin, kMax, kFirst, kLast };

/// Windows [origin + k·every, origin + (k+1)·every).
struct Window {
  int64_t every_ns = 0;  ///< 0: one window, the whole range.
  int64_t origin_ns = 0;
};

struct Aggregate {
  AggregateFunction function = AggregateFunction::kCount;
  ScanColumn column;
};

struct GroupBy {
  std::vector<ColumnId> tags;
  Window window;
  std::vector<Aggregate> aggregates;
};

struct ScanSpec {
  TableId table{};
  TimeRange range;
  /// Field columns wanted, in the order of the answer.
  std::vector<ScanColumn> columns;
  /// Rows must match; its field columns need not be in `columns`.
  Predicate predicate;
  /// Only these series, when set (sorted by hash).
  std::optional<std::vector<KeyHash>> series;
  ScanOrder order = ScanOrder::kSeriesTime;
  bool descending = false;  ///< Reverses time (and, with kTime, nothing else).
  /// At most so many rows in all; 0: no limit. A row in which every wanted column is absent does
  /// not exist and is not counted.
  uint64_t rows_limit = 0;
  /// With kSeriesTime: no more than so many rows of a series are asked for, those with which its
  /// answer begins; more may come. 0: all.
  uint64_t series_rows_limit = 0;
  /// Only these tags are asked for in SeriesRef::key; others may be there. Unset: all. Rising ids.
  std::optional<std::vector<ColumnId>> key_tags;
  /// When set, a Store may answer with partial states; see BatchStream::is_aggregated.
  std::optional<GroupBy> group_by;
};

void encode_scan_spec(const ScanSpec& spec, std::string& out);
Result<ScanSpec> decode_scan_spec(std::string_view bytes);
/// As SQL text, for EXPLAIN VERBOSE; columns appear as c<id>, the table as t<id>.
std::string to_string(const ScanSpec& spec);

}  // namespace varve
