// SPDX-License-Identifier: Apache-2.0
#include "engine/testing.h"

#include <algorithm>
#include <map>

namespace varve::engine::testing {
namespace {

std::string to_text(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", *number);
    return text;
  }
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  return "NULL";
}

}  // namespace

WriteBatch batch_of(TableId table, const std::vector<TestRow>& rows, MergeMode mode) {
  WriteBatch batch;
  batch.table = table;
  batch.mode = mode;
  batch.segment = segment_of(rows.front().time_ns);
  batch.segment_range.begin_ns = rows.front().time_ns / kSegmentNs * kSegmentNs;
  batch.segment_range.end_ns = batch.segment_range.begin_ns + kSegmentNs;
  std::map<std::string, uint32_t> known;
  for (const TestRow& row : rows) {
    const auto [place, is_new] = known.emplace(row.host, batch.series.size());
    if (is_new) {
      const std::string key = key_of(row.host);
      batch.series.push_back({.hash = series_key_hash(key),
                              .key_offset = static_cast<uint32_t>(batch.key_bytes.size()),
                              .key_size_bytes = static_cast<uint32_t>(key.size())});
      batch.key_bytes += key;
    }
    batch.row_series.push_back(place->second);
    batch.times_ns.push_back(row.time_ns);
    for (const auto& [id, value] : row.cells) {
      auto column = std::ranges::find(batch.columns, id, &BatchColumn::id);
      if (column == batch.columns.end()) {
        batch.columns.push_back({.id = id, .values = ColumnVector(type_of(id))});
        column = std::prev(batch.columns.end());
      }
      column->values.pad_to(batch.times_ns.size() - 1);
      column->values.append_value(value);
    }
  }
  for (BatchColumn& column : batch.columns) column.values.pad_to(batch.row_count());
  return batch;
}

WriteRequest request_of(TableId table, const std::vector<TestRow>& rows, MergeMode mode) {
  std::map<SegmentId, std::vector<TestRow>> by_segment;
  for (const TestRow& row : rows) by_segment[segment_of(row.time_ns)].push_back(row);
  WriteRequest request;
  for (const auto& [segment, part] : by_segment) {
    request.batches.push_back(batch_of(table, part, mode));
  }
  return request;
}

Result<void> write(Store& store, WriteRequest request) {
  std::promise<Result<void>> promise;
  store.write(std::move(request), [&](Result<void> outcome) { promise.set_value(outcome); });
  return promise.get_future().get();
}

std::vector<std::string> rows_of(Store& store, const ScanSpec& spec) {
  std::vector<std::string> rows;
  auto stream = store.scan(spec, nullptr);
  if (!stream) return {"error: " + stream.error().message};
  while (true) {
    const auto batch = (*stream)->next();
    if (!batch) return {"error: " + batch.error().message};
    if (batch->row_count() == 0) return rows;
    std::vector<SeriesRef> series(batch->row_count());
    uint32_t covered = 0;
    for (const SeriesRun& run : batch->runs) {
      EXPECT_EQ(run.begin, covered);
      covered = run.end;
      for (uint32_t row = run.begin; row < run.end; ++row) series[row] = run.series;
    }
    if (spec.order == ScanOrder::kTime) {
      for (size_t row = 0; row < batch->row_count(); ++row) {
        series[row] = batch->series[batch->row_series[row]];
      }
    } else {
      EXPECT_EQ(covered, batch->row_count());
    }
    for (size_t row = 0; row < batch->row_count(); ++row) {
      EXPECT_EQ(series_key_hash(series[row].key), series[row].hash);
      std::string text = std::string(key_cell(series[row].key, kHost)) + "@" +
                         std::to_string(batch->times_ns[row]);
      for (size_t c = 0; c < spec.columns.size(); ++c) {
        if (batch->columns[c].state(row) == CellState::kAbsent) continue;
        text += " " + std::to_string(raw(spec.columns[c].id)) + "=" +
                to_text(batch->columns[c].at(row));
      }
      rows.push_back(std::move(text));
    }
  }
}

ScanSpec spec_of(TableId table, std::vector<ColumnId> columns) {
  ScanSpec spec;
  spec.table = table;
  for (const ColumnId id : columns) spec.columns.push_back({.id = id, .type = type_of(id)});
  return spec;
}

}  // namespace varve::engine::testing
