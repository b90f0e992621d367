// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/memtable_scan.h"

#include <algorithm>

namespace varve::engine {

MemtableScan::MemtableScan(std::shared_ptr<const Memtable> memtable,
                           const std::vector<ScanColumn>& columns,
                           const SeriesBits* wanted)
    : memtable_(std::move(memtable)), columns_(columns) {
  for (ChunkSnapshot& chunk : memtable_->snapshot()) {
    Part part;
    if (chunk.chunk->closed()) {
      chunk.row_count = chunk.chunk->row_count();
      part.order = &chunk.chunk->order();
    } else {
      std::vector<uint32_t> rows;
      for (uint32_t row = 0; row < chunk.row_count; ++row) {
        if (wanted == nullptr || wanted->has(chunk.chunk->series()[row])) rows.push_back(row);
      }
      part.own_order = std::make_unique<ChunkOrder>(
          order_rows(chunk.chunk->series(), chunk.chunk->times_ns(), std::move(rows)));
      part.order = part.own_order.get();
    }
    for (const ScanColumn& column : columns_) {
      part.columns.push_back(chunk.chunk->column_index(column));
    }
    part.chunk = std::move(chunk);
    parts_.push_back(std::move(part));
  }
}

void MemtableScan::collect(SeriesId series, const TimeRange& range,
                           std::vector<RowRun>& runs) const {
  std::vector<Ref> refs;
  const auto time_of = [this](const Ref& ref) {
    return parts_[ref.part].chunk.chunk->times_ns()[ref.row];
  };
  for (uint32_t p = 0; p < parts_.size(); ++p) {
    const auto rows = parts_[p].order->find(series);
    const int64_t* times = parts_[p].chunk.chunk->times_ns();
    const auto before = [times](uint32_t row, int64_t time) { return times[row] < time; };
    auto row = std::lower_bound(rows.begin(), rows.end(), range.begin_ns, before);
    for (; row != rows.end() && times[*row] < range.end_ns; ++row) {
      refs.push_back({.part = p, .row = *row});
    }
  }
  if (refs.empty()) return;
  // Later chunks arrived later: a stable sort keeps the order of arrival among equal times.
  if (!std::ranges::is_sorted(refs, {}, time_of)) std::ranges::stable_sort(refs, {}, time_of);
  auto rows = std::make_shared<OwnedRows>(columns_);
  rows->times_ns.reserve(refs.size());
  for (const Ref& ref : refs) rows->times_ns.push_back(time_of(ref));
  for (size_t c = 0; c < columns_.size(); ++c) append_column(c, refs, rows->columns[c]);
  runs.push_back(to_run(std::move(rows), {memtable_}));
}

void MemtableScan::append_column(size_t column, const std::vector<Ref>& refs,
                                 ColumnVector& to) const {
  to.reserve(refs.size());
  std::vector<uint32_t> rows;
  for (size_t begin = 0; begin < refs.size();) {
    const uint32_t part = refs[begin].part;
    size_t end = begin;
    rows.clear();
    for (; end < refs.size() && refs[end].part == part; ++end) rows.push_back(refs[end].row);
    const int index = parts_[part].columns[column];
    if (index < 0) {
      to.pad_to(end);
    } else {
      const auto& chunk = parts_[part].chunk;
      append_rows(chunk.chunk->cells(static_cast<size_t>(index), chunk.row_count), rows, to);
    }
    begin = end;
  }
}

void MemtableScan::add_series(SeriesBits& series) const {
  for (const Part& part : parts_) {
    for (const ChunkOrder::Run& run : part.order->runs) series.add(run.series);
  }
}

uint64_t MemtableScan::row_count() const {
  uint64_t rows = 0;
  for (const Part& part : parts_) rows += part.order->rows.size();
  return rows;
}

}  // namespace varve::engine
