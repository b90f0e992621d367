// SPDX-License-Identifier: Apache-2.0
#include "ingest/open_batch.h"

#include <algorithm>

namespace varve {
namespace {

// Of fewer rows the preparation would cost more than it saves.
constexpr size_t kRowsTogetherMin = 4;

}  // namespace

OpenBatch::OpenBatch(const Table& table, const Segment& segment, uint64_t serial,
                     size_t row_count_hint)
    : serial_(serial), row_count_hint_(row_count_hint) {
  batch_.table = table.id;
  batch_.mode = table.mode;
  batch_.segment = segment.id;
  batch_.segment_range = segment.range;
  batch_.row_series.reserve(row_count_hint);
  batch_.times_ns.reserve(row_count_hint);
}

uint32_t OpenBatch::position(ColumnId column, ValueType type) {
  const uint32_t number = raw(column);
  if (number >= position_of_column_.size()) {
    position_of_column_.resize(std::max<size_t>(number + 1, position_of_column_.size() * 2));
  }
  uint32_t& place = position_of_column_[number];
  if (place == 0) {
    batch_.columns.push_back({column, ColumnVector(type)});
    place = static_cast<uint32_t>(batch_.columns.size());
    batch_.columns.back().values.reserve(std::max<size_t>(row_count_hint_, row_count()));
  }
  return place - 1;
}

void OpenBatch::set_rows(std::span<const uint32_t> positions, std::span<const Point> points,
                         const PointField* fields) {
  const size_t row_begin = row_count() - points.size();
  if (points.size() < kRowsTogetherMin) {
    for (size_t row = 0; row < points.size(); ++row) {
      for (size_t i = 0; i < positions.size(); ++i) {
        ColumnVector& values = batch_.columns[positions[i]].values;
        values.pad_to(row_begin + row);
        append(values, fields[points[row].fields_begin + i]);
      }
    }
    return;
  }
  const PointField* const first = fields + points.front().fields_begin;
  cells_.assign(positions.size(), nullptr);
  bool all_words = true;
  for (size_t i = 0; i < positions.size(); ++i) {
    ColumnVector& values = batch_.columns[positions[i]].values;
    values.pad_to(row_begin);
    if (is_variable_size(first[i].type) || first[i].type == ValueType::kBool) {
      all_words = false;
      for (const Point& point : points) append(values, fields[point.fields_begin + i]);
    } else {
      cells_[i] = static_cast<uint64_t*>(values.append_uninitialized(points.size()));
    }
  }
  // Row by row: a chunk's fields are many more bytes than the cells that come of them. All words of
  // a field are one union, so that its type does not matter.
  const size_t field_count = positions.size();
  uint64_t* const* const cells = cells_.data();
  for (size_t row = 0; row < points.size(); ++row) {
    const PointField* const field = fields + points[row].fields_begin;
    if (all_words) {
      for (size_t i = 0; i < field_count; ++i) cells[i][row] = field[i].u64;
    } else {
      for (size_t i = 0; i < field_count; ++i) {
        if (cells[i] != nullptr) cells[i][row] = field[i].u64;
      }
    }
  }
}

WriteBatch OpenBatch::finish() && {
  for (auto& column : batch_.columns) column.values.pad_to(batch_.row_count());
  return std::move(batch_);
}

void OpenBatch::find_or_add(CachedSeries& series, bool is_only_batch) {
  series.batch_serial = serial_;
  if (!is_only_batch) {
    if (!is_indexed_) {
      is_indexed_ = true;
      for (uint32_t i = 0; i < batch_.series.size(); ++i) index_.emplace(batch_.series[i].hash, i);
    }
    const auto [found, is_new] =
        index_.try_emplace(series.hash, static_cast<uint32_t>(batch_.series.size()));
    series.batch_index = found->second;
    if (!is_new) return;
  }
  series.batch_index = static_cast<uint32_t>(batch_.series.size());
  batch_.series.push_back({.hash = series.hash,
                           .key_offset = static_cast<uint32_t>(batch_.key_bytes.size()),
                           .key_size_bytes = static_cast<uint32_t>(series.key.size())});
  batch_.key_bytes.append(series.key);
}

}  // namespace varve
