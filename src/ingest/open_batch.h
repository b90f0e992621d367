// SPDX-License-Identifier: Apache-2.0
// A WriteBatch while rows are added: its columns are found by number and padded only when needed.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "ingest/raw_key_cache.h"
#include "model/points.h"
#include "model/write_batch.h"

namespace varve {

/// Threads: one owner.
class OpenBatch {
 public:
  /// `serial` is this batch's alone among all that share a RawKeyCache.
  OpenBatch(const Table& table, const Segment& segment, uint64_t serial, size_t row_count_hint);

  /// Begins a row of the series at the end. `is_only_batch`: the request has no other batch of this
  /// table, so that a series last seen in another batch cannot be in this one.
  void begin_row(CachedSeries& series, int64_t time_ns, bool is_only_batch) {
    if (series.batch_serial != serial_) find_or_add(series, is_only_batch);
    batch_.row_series.push_back(series.batch_index);
    batch_.times_ns.push_back(time_ns);
  }
  /// Where the column stands in this batch; adds it when it is new.
  uint32_t position(ColumnId column, ValueType type);
  /// Sets a cell of the row begun last. Requires the column's type, once for each column and row.
  void set(uint32_t position, const PointField& field) {
    ColumnVector& values = batch_.columns[position].values;
    const size_t row_index = batch_.times_ns.size() - 1;
    if (values.row_count() != row_index) values.pad_to(row_index);
    append(values, field);
  }

  /// Sets the cells of the last rows, one row for each point: field i of each stands at
  /// `positions[i]`. Requires that set() was not called for these rows, and points of one shape.
  void set_rows(std::span<const uint32_t> positions, std::span<const Point> points,
                const PointField* fields);

  size_t row_count() const { return batch_.row_count(); }
  /// Ends it; every column then has every row.
  WriteBatch finish() &&;

 private:
  static void append(ColumnVector& values, const PointField& field) {
    switch (field.type) {
      case ValueType::kFloat64: values.append_f64(field.f64); return;
      case ValueType::kInt64:
      case ValueType::kTimestamp: values.append_i64(field.i64); return;
      case ValueType::kUint64: values.append_u64(field.u64); return;
      case ValueType::kBool: values.append_bool(field.boolean); return;
      case ValueType::kString:
      case ValueType::kBytes: values.append_string(field.text); return;
    }
  }
  void find_or_add(CachedSeries& series, bool is_only_batch);

  WriteBatch batch_;
  uint64_t serial_;
  size_t row_count_hint_;
  std::vector<uint32_t> position_of_column_;  // By column id; 0: none, else one more.
  std::vector<uint64_t*> cells_;  // Scratch.
  // Only when the request has several batches of the table.
  std::unordered_map<KeyHash, uint32_t> index_;
  bool is_indexed_ = false;
};

}  // namespace varve
