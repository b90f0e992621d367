// SPDX-License-Identifier: Apache-2.0
// Reads a table as a SELECT sees it: wanted fields and tags as columns, whatever types the table
// keeps them in, and only rows for which the condition holds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/execute/summary_request.h"
#include "query/influxql/plan/bound_table.h"
#include "query/influxql/plan/pushdown.h"
#include "query/influxql/plan/row_expression.h"
#include "store/store.h"

namespace varve::influxql {

/// Some rows. Valid until the next call of TableScan::next.
struct TableBatch {
  std::vector<SeriesRun> runs;         ///< With ScanOrder::kSeriesTime.
  std::span<const SeriesRef> series;   ///< With kTime: of row i is series[row_series[i]].
  std::span<const uint32_t> row_series;
  std::span<const int64_t> times_ns;
  std::vector<ColumnView> columns;     ///< One for each wanted variable.
  /// Keeps the texts of the columns alive, also after the next call; null: they have to be copied.
  std::shared_ptr<const void> texts_pin;
  size_t texts_pin_bytes = 0;          ///< About what it keeps alive.

  size_t row_count() const { return times_ns.size(); }
};

/// Threads: one owner.
class TableScan {
 public:
  /// `wanted` are typed; a field that the table lacks gives a column without values.
  TableScan(BoundTableRef table, std::vector<Variable> wanted,
            const std::optional<Expression>& condition);

  const BoundTable& table() const { return *table_; }
  /// The condition as far as tags alone decide it: for listing series.
  const Predicate& tag_predicate() const { return pushed_.tags; }
  /// False when rows may be dropped after the store gave them: then a limit cannot be pushed down.
  bool store_decides_all() const { return !rest_.has_value(); }
  /// False when no wanted field exists: there is no row to read.
  bool has_fields() const { return wanted_field_count_ > 0; }

  struct Request {
    TimeRange range;
    std::optional<std::vector<KeyHash>> series;  ///< Sorted by hash.
    ScanOrder order = ScanOrder::kSeriesTime;
    bool descending = false;
    uint64_t rows_limit = 0;
    uint64_t series_rows_limit = 0;  ///< As in ScanSpec.
    const SummaryRequest* summaries = nullptr;  ///< Null: only rows. Else next() visits some.
  };
  /// Begins to read. Requires has_fields().
  Result<void> open(StatementContext& context, Request request);
  /// The next rows for which the condition holds; no rows at the end.
  Result<TableBatch> next(StatementContext& context);

 private:
  /// Where a variable's cells come from: columns of the scan, or a tag.
  struct ColumnSource {
    Variable variable;
    std::vector<size_t> scan_columns;
    std::optional<ColumnId> tag;
    /// For conditions: what a series does not have is the empty text, not nothing.
    bool is_text = false;
  };
  struct Columns {
    std::vector<ColumnView> views;
    std::vector<std::shared_ptr<const void>> owners;
  };

  ColumnSource make_source(const Variable& variable);
  std::optional<GroupBy> summaries_wanted(const SummaryRequest& request) const;
  void order_tags();
  ColumnSource make_condition_source(const Variable& variable);
  Columns build_columns(const ScanBatch& batch) const;
  ColumnView build_field(const ColumnSource& source, const ScanBatch& batch,
                         Columns& columns) const;
  void build_tags(const ScanBatch& batch, Columns& columns) const;
  void pin_texts(TableBatch& batch) const;
  TableBatch filter(const ScanBatch& batch, const Columns& columns);
  std::vector<uint8_t> rows_to_keep(const ScanBatch& batch, const Columns& columns) const;

  BoundTableRef table_;
  PushedCondition pushed_;
  std::optional<RowExpression> rest_;
  std::vector<ScanColumn> scan_columns_;
  size_t wanted_count_ = 0;        // The sources before are wanted, the others for the condition.
  size_t wanted_field_count_ = 0;  // The scan columns before belong to wanted fields.
  std::vector<ColumnSource> sources_;
  std::vector<ColumnId> key_tags_;       // Of the sources, rising.
  std::vector<size_t> tag_sources_;      // Sources that are no fields, in order of their tags.

  std::unique_ptr<BatchStream> stream_;
  ScanBatch batch_;
  Columns columns_;
  // Rows that the rest of the condition let pass.
  std::vector<int64_t> kept_times_;
  std::vector<uint32_t> kept_row_series_;
  std::vector<ColumnVector> kept_columns_;
};

}  // namespace varve::influxql
