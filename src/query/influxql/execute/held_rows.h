// SPDX-License-Identifier: Apache-2.0
// The rows of one group of a table, held back to put rows of one time into InfluxDB's order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/points.h"
#include "query/influxql/execute/table_scan.h"

namespace varve::influxql {

/// More rows are not held: then the order of series keys has to do.
inline constexpr size_t kHeldRowsMax = 20'000;

/// After how many more rows the order of those before is mostly settled.
inline uint64_t rows_after(size_t series_count) { return 4 * series_count + 1000; }

/// Texts of the rows that it gives live as long as it does. Threads: one owner.
class HeldRows {
 public:
  /// `first_tie_column`: texts in this column and those after it decide between rows of one time.
  HeldRows(const BoundTable& table, bool is_ascending, size_t first_tie_column)
      : table_(table), is_ascending_(is_ascending), first_tie_column_(first_tie_column) {}

  /// Appends the rows of a batch in order of time.
  Result<void> add(const TableBatch& batch);
  size_t size() const { return rows_.size(); }
  /// Whether all rows of the time of row `count`, counted from 1, came: those of `series_count`
  /// series, or some of a later time.
  bool has_all(uint64_t count, size_t series_count) const;
  /// The first `count` rows in InfluxDB's order, as far as there are some. All rows of the last
  /// one's time must be here. Nothing when texts leave open which goes first: then that depends on
  /// all rows of the group.
  std::optional<Rows> settled(uint64_t count) const;
  /// All rows, in InfluxDB's order.
  Result<Rows> take_merged();
  /// The rows of a group that has more than kHeldRowsMax, of which so many or more are here: in
  /// InfluxDB's order as far as those can tell, then as they came. It depends on no limit.
  Result<Rows> take_begun(size_t series_count);
  /// All rows as they came.
  Rows take() { return std::move(rows_); }

 private:
  bool has_ties() const;
  std::optional<std::vector<size_t>> settled_order(uint64_t count) const;
  Result<std::vector<size_t>> merged_order(size_t count) const;
  bool settle_ties(size_t begin, size_t end, std::vector<size_t>& order) const;
  Rows rows_at(std::span<const size_t> order) const;
  Result<std::vector<uint32_t>> series_ranks() const;
  void merge_segment(size_t begin, size_t end, const std::vector<uint32_t>& ranks,
                     std::vector<size_t>& order) const;
  bool goes_first(size_t a, size_t b) const;

  const BoundTable& table_;
  bool is_ascending_;
  size_t first_tie_column_;
  Rows rows_;
  std::vector<std::shared_ptr<const void>> pins_;  // Of texts that were not copied.
  std::vector<uint32_t> row_series_;             // Into series_keys_.
  std::map<KeyHash, uint32_t> series_numbers_;
  std::vector<std::string> series_keys_;
};

}  // namespace varve::influxql
