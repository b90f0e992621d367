// SPDX-License-Identifier: Apache-2.0
// Rows of groups of one series each, read by one scan for many groups: a scan for each would cost
// more than its rows. Groups are asked for one after the other, so those that follow are read too.
//
//   group 7? ──▶ scan of the series of groups 7 … 7 + width ──▶ rows by hash, found by group
//
// The width follows from what the last groups needed, so that about kBytesWanted are held.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/memory_claim.h"
#include "query/influxql/execute/row_run.h"
#include "query/influxql/execute/series_groups.h"
#include "query/influxql/execute/table_scan.h"

namespace varve::influxql {

class RowsAhead {
 public:
  struct Order {
    TimeRange range;
    bool is_ascending = true;
    bool is_complete = true;  ///< The groups have every series that the scan would give.
    uint64_t rows_limit = 0;  ///< Of each group; 0: none.
    friend bool operator==(const Order&, const Order&) = default;
  };

  /// The references outlive it.
  RowsAhead(TableScan& scan, const SeriesGroups& groups, MemoryBudget& budget)
      : scan_(scan), groups_(groups), memory_(budget) {}

  /// False when the rows of the group are better read alone: it has more than one series, or too
  /// many rows to hold those of several groups.
  Result<bool> read(StatementContext& context, size_t group, const Order& order);
  /// What read() brought of the group, in order of time; more than the limit may be there.
  Result<bool> visit(size_t group, const VisitBlock& visit) const;

  /// Rows [begin, end) of those that are held.
  struct Span {
    size_t begin = 0;
    size_t end = 0;
  };
  /// All that read() brought, valid until its next call: spans[i] is of group `group_begin` + i.
  struct Held {
    size_t group_begin = 0;
    std::span<const Span> spans;
    std::span<const int64_t> times_ns;
    std::vector<ColumnView> columns;
  };
  Held held() const;

 private:
  static constexpr size_t kBytesWanted = size_t{8} << 20;
  static constexpr size_t kRowsWanted = 32'768;
  static constexpr size_t kFirstWidth = 8;
  static constexpr size_t kWidthMax = 65'536;

  bool has(size_t group, const Order& order) const {
    return group >= group_begin_ && group - group_begin_ < spans_.size() && order == order_;
  }
  size_t size_bytes() const {
    return rows_.size_bytes() + pinned_bytes_ + spans_.capacity() * sizeof(Span);
  }
  void choose(size_t group, size_t width);
  void add_rows(const TableBatch& batch);
  size_t rows_expected() const;
  Result<bool> fill(StatementContext& context);
  void forget();

  TableScan& scan_;
  const SeriesGroups& groups_;
  MemoryClaim memory_;
  Order order_;
  size_t width_ = 0;  // Groups of the next scan; 0: not known yet.
  size_t group_begin_ = 0;
  std::vector<Span> spans_;       // By group - group_begin_.
  std::vector<uint32_t> places_;  // Of the series of those groups, rising.
  Rows rows_;
  std::vector<std::shared_ptr<const void>> pins_;  // Of texts that were not copied.
  size_t pinned_bytes_ = 0;
};

}  // namespace varve::influxql
