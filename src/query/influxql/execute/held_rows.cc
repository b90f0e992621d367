// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/held_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "query/influxql/execute/listed_series.h"
#include "query/influxql/execute/merge_order.h"

namespace varve::influxql {

Result<void> HeldRows::add(const TableBatch& batch) {
  std::vector<uint32_t> numbers;
  for (const SeriesRef& series : batch.series) {
    const auto [entry, is_new] = series_numbers_.try_emplace(
        series.hash, static_cast<uint32_t>(series_texts_.size()));
    numbers.push_back(entry->second);
    if (!is_new) continue;
    TagSet tags;
    for (const KeyCell& cell : TRY(decode_series_key(series.key))) {
      const Column* column = table_.table->column(cell.column);
      if (column != nullptr) tags.emplace(column->name, std::string(cell.text));
    }
    series_texts_.push_back(series_text(table_.name, tags));
  }
  for (const uint32_t series : batch.row_series) row_series_.push_back(numbers[series]);
  for (size_t i = rows_.columns.size(); i < batch.columns.size(); ++i) {
    rows_.columns.emplace_back(batch.columns[i].type);
  }
  rows_.times_ns.insert(rows_.times_ns.end(), batch.times_ns.begin(), batch.times_ns.end());
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    append_cells(rows_.columns[i], batch.columns[i], 0, batch.row_count());
  }
  return {};
}

bool HeldRows::has_ties() const {
  return std::adjacent_find(rows_.times_ns.begin(), rows_.times_ns.end()) != rows_.times_ns.end();
}

// The place of every series in the order of their keys; backwards when descending.
std::vector<uint32_t> HeldRows::series_ranks() const {
  std::vector<uint32_t> order(series_texts_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (!is_ascending_) std::swap(a, b);
    return series_texts_[a] < series_texts_[b];
  });
  std::vector<uint32_t> ranks(order.size());
  for (uint32_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;
  return ranks;
}

bool HeldRows::goes_first(size_t a, size_t b) const {
  for (size_t i = first_tie_column_; i < rows_.columns.size(); ++i) {
    const ColumnView cells = rows_.columns[i].view();
    // Anything but two texts ends the comparison.
    if (!is_variable_size(cells.type) || !cells.has_value(a) || !cells.has_value(b)) return false;
    const auto texts = cells.as<std::string_view>();
    if (texts[a] != texts[b]) return is_ascending_ ? texts[a] < texts[b] : texts[a] > texts[b];
  }
  return false;
}

void HeldRows::merge_segment(size_t begin, size_t end, const std::vector<uint32_t>& ranks,
                             std::vector<size_t>& order) const {
  std::vector<uint32_t> streams;
  for (size_t row = begin; row < end; ++row) streams.push_back(ranks[row_series_[row]]);
  const std::span<const int64_t> times(rows_.times_ns.data() + begin, end - begin);
  const TieLess tie_less = [&](size_t a, size_t b) { return goes_first(begin + a, begin + b); };
  for (const size_t row :
       merge_order(times, streams, ranks.size(), is_ascending_, tie_less)) {
    order.push_back(begin + row);
  }
}

Rows HeldRows::take_merged() {
  if (!has_ties()) return take();
  const std::vector<uint32_t> ranks = series_ranks();
  std::vector<size_t> order;
  // InfluxDB merges inside a shard; rows of different shards never share a time.
  for (size_t begin = 0; begin < rows_.size();) {
    const Segment* segment = table_.policy->segment_at(rows_.times_ns[begin]);
    size_t end = begin + 1;
    while (end < rows_.size() &&
           (segment == nullptr || segment->range.contains(rows_.times_ns[end]))) {
      ++end;
    }
    merge_segment(begin, end, ranks, order);
    begin = end;
  }
  Rows merged;
  for (const ColumnVector& column : rows_.columns) merged.columns.emplace_back(column.type());
  for (const size_t row : order) {
    merged.times_ns.push_back(rows_.times_ns[row]);
    for (size_t i = 0; i < merged.columns.size(); ++i) {
      append_cell(merged.columns[i], rows_.columns[i].view(), row);
    }
  }
  return merged;
}

}  // namespace varve::influxql
