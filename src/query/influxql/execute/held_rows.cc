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
        series.hash, static_cast<uint32_t>(series_keys_.size()));
    numbers.push_back(entry->second);
    if (is_new) series_keys_.emplace_back(series.key);
  }
  for (const uint32_t series : batch.row_series) row_series_.push_back(numbers[series]);
  for (size_t i = rows_.columns.size(); i < batch.columns.size(); ++i) {
    rows_.columns.emplace_back(batch.columns[i].type);
  }
  rows_.times_ns.insert(rows_.times_ns.end(), batch.times_ns.begin(), batch.times_ns.end());
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    if (batch.texts_pin == nullptr) {
      append_cells(rows_.columns[i], batch.columns[i], 0, batch.row_count());
    } else {
      append_viewed(rows_.columns[i], batch.columns[i]);
    }
  }
  if (batch.texts_pin != nullptr) pins_.push_back(batch.texts_pin);
  return {};
}

bool HeldRows::has_ties() const {
  return std::adjacent_find(rows_.times_ns.begin(), rows_.times_ns.end()) != rows_.times_ns.end();
}

// The place of every series in the order of their keys; backwards when descending.
Result<std::vector<uint32_t>> HeldRows::series_ranks() const {
  std::vector<std::string> texts;
  for (const std::string& key : series_keys_) {
    TagSet tags;
    for (const KeyCell& cell : TRY(decode_series_key(key))) {
      const Column* column = table_.table->column(cell.column);
      if (column != nullptr) tags.emplace(column->name, std::string(cell.text));
    }
    texts.push_back(series_text(table_.name, tags));
  }
  std::vector<uint32_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (!is_ascending_) std::swap(a, b);
    return texts[a] < texts[b];
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

bool HeldRows::has_all(uint64_t count, size_t series_count) const {
  if (count == 0 || rows_.size() < count) return false;
  const int64_t time_ns = rows_.times_ns[count - 1];
  if (rows_.times_ns.back() != time_ns) return true;
  const auto first = std::find(rows_.times_ns.begin(), rows_.times_ns.end(), time_ns);
  return rows_.times_ns.end() - first == static_cast<ptrdiff_t>(series_count);
}

// Sorts rows of one time by the texts that they all have; false when those are equal.
bool HeldRows::settle_ties(size_t begin, size_t end, std::vector<size_t>& order) const {
  std::vector<std::span<const std::string_view>> texts;
  for (size_t i = first_tie_column_; i < rows_.columns.size(); ++i) {
    const ColumnView cells = rows_.columns[i].view();
    if (!is_variable_size(cells.type)) break;
    bool is_complete = true;
    for (size_t row = begin; row < end && is_complete; ++row) is_complete = cells.has_value(row);
    if (!is_complete) break;
    texts.push_back(cells.as<std::string_view>());
  }
  const auto compare = [&](size_t a, size_t b) {
    for (const auto& column : texts) {
      if (const int order_of = column[a].compare(column[b]); order_of != 0) return order_of;
    }
    return 0;
  };
  const auto from = static_cast<ptrdiff_t>(order.size());
  for (size_t row = begin; row < end; ++row) order.push_back(row);
  std::sort(order.begin() + from, order.end(), [&](size_t a, size_t b) {
    return is_ascending_ ? compare(a, b) < 0 : compare(a, b) > 0;
  });
  return std::adjacent_find(order.begin() + from, order.end(), [&](size_t a, size_t b) {
           return compare(a, b) == 0;
         }) == order.end();
}

std::optional<std::vector<size_t>> HeldRows::settled_order(uint64_t count) const {
  std::vector<size_t> order;
  for (size_t begin = 0; begin < rows_.size() && begin < count;) {
    size_t end = begin + 1;
    while (end < rows_.size() && rows_.times_ns[end] == rows_.times_ns[begin]) ++end;
    if (!settle_ties(begin, end, order)) return std::nullopt;
    begin = end;
  }
  order.resize(std::min<uint64_t>(order.size(), count));
  return order;
}

std::optional<Rows> HeldRows::settled(uint64_t count) const {
  const auto order = settled_order(count);
  if (!order) return std::nullopt;
  return rows_at(*order);
}

Rows HeldRows::rows_at(std::span<const size_t> order) const {
  Rows rows;
  for (const ColumnVector& column : rows_.columns) rows.columns.emplace_back(column.type());
  for (const size_t row : order) {
    rows.times_ns.push_back(rows_.times_ns[row]);
    for (size_t i = 0; i < rows.columns.size(); ++i) {
      append_cell(rows.columns[i], rows_.columns[i].view(), row);
    }
  }
  return rows;
}

// Of the first `count` rows, as if there were no others.
Result<std::vector<size_t>> HeldRows::merged_order(size_t count) const {
  const std::vector<uint32_t> ranks = TRY(series_ranks());
  std::vector<size_t> order;
  // InfluxDB merges inside a shard; rows of different shards never share a time.
  for (size_t begin = 0; begin < count;) {
    const Segment* segment = table_.policy->segment_at(rows_.times_ns[begin]);
    size_t end = begin + 1;
    while (end < count && (segment == nullptr || segment->range.contains(rows_.times_ns[end]))) {
      ++end;
    }
    merge_segment(begin, end, ranks, order);
    begin = end;
  }
  return order;
}

Result<Rows> HeldRows::take_merged() {
  if (!has_ties()) return take();
  return rows_at(TRY(merged_order(rows_.size())));
}

Result<Rows> HeldRows::take_begun(size_t series_count) {
  if (!has_ties()) return take();
  std::vector<size_t> order;
  if (series_count < kHeldRowsMax) {
    if (auto settled = settled_order(kHeldRowsMax - series_count)) order = std::move(*settled);
  }
  if (order.empty() && rows_after(series_count) < kHeldRowsMax) {
    order = TRY(merged_order(kHeldRowsMax));
    order.resize(kHeldRowsMax - rows_after(series_count));
  }
  std::vector<bool> is_taken(rows_.size());
  for (const size_t row : order) is_taken[row] = true;
  for (size_t row = 0; row < rows_.size(); ++row) {
    if (!is_taken[row]) order.push_back(row);
  }
  return rows_at(order);
}

}  // namespace varve::influxql
