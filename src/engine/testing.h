// SPDX-License-Identifier: Apache-2.0
// What the engine's tests share: batches from a few words, and answers as text.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/local_store.h"
#include "io/simulated_file_system.h"
#include "model/write_batch.h"

namespace varve::engine::testing {

inline constexpr ColumnId kHost{1};
inline constexpr ColumnId kRegion{2};
inline constexpr ColumnId kUsage{10};   // double
inline constexpr ColumnId kCount{11};   // int64
inline constexpr ColumnId kState{12};   // string
inline constexpr int64_t kSegmentNs = 1'000'000;

inline SegmentId segment_of(int64_t time_ns) {
  return SegmentId{static_cast<uint32_t>(time_ns / kSegmentNs) + 1};
}

inline ValueType type_of(ColumnId id) {
  return id == kUsage ? ValueType::kFloat64 : id == kCount ? ValueType::kInt64 : ValueType::kString;
}

/// One row: host, time and some cells.
struct TestRow {
  std::string host;
  int64_t time_ns = 0;
  std::vector<std::pair<ColumnId, Value>> cells;
};

inline std::string key_of(const std::string& host) {
  if (host.empty()) return "";
  return encode_series_key({{.column = kHost, .text = host}});
}

/// Rows of one segment as a batch.
WriteBatch batch_of(TableId table, const std::vector<TestRow>& rows,
                    MergeMode mode = MergeMode::kMerge);
/// The same, cut by segment.
WriteRequest request_of(TableId table, const std::vector<TestRow>& rows,
                        MergeMode mode = MergeMode::kMerge);

/// Writes and waits.
Result<void> write(Store& store, WriteRequest request);

/// "a@5 10=1.5 12='x'" for each row; absent cells are left out.
std::vector<std::string> rows_of(Store& store, const ScanSpec& spec);
ScanSpec spec_of(TableId table, std::vector<ColumnId> columns = {kUsage, kCount, kState});

}  // namespace varve::engine::testing
