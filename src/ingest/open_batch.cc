// SPDX-License-Identifier: Apache-2.0
#include "ingest/open_batch.h"

#include <algorithm>

namespace varve {

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
