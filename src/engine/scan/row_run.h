// SPDX-License-Identifier: Apache-2.0
// Rows of one series on their way out, and what is done with them: merged, selected, reversed.
// Threads: none of its own; a run is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/column_vector.h"
#include "model/scan_spec.h"
#include "model/value.h"

namespace varve::engine {

/// Rows of one series, rising in time; equal times in order of arrival. The columns are those that
/// were asked for, in that order, each as long as `times_ns`.
struct RowRun {
  std::span<const int64_t> times_ns;
  std::vector<ColumnView> columns;
  /// Keeps everything alive.
  std::shared_ptr<const void> pin;
  /// No two rows have the same time.
  bool times_differ = true;

  size_t row_count() const { return times_ns.size(); }
  RowRun slice(size_t begin, size_t end) const;
};

/// A row of one of several runs.
struct RowRef {
  static constexpr uint32_t kNoRun = UINT32_MAX;
  uint32_t run = 0;  ///< kNoRun: an absent cell.
  uint32_t row = 0;
};

/// Rows made anew.
struct OwnedRows {
  std::vector<int64_t> times_ns;
  std::vector<ColumnVector> columns;

  explicit OwnedRows(const std::vector<ScanColumn>& types) {
    for (const ScanColumn& column : types) columns.emplace_back(column.type);
  }
};
/// Text cells of `rows` may view what `pins` keep alive.
RowRun to_run(std::shared_ptr<OwnedRows> rows, std::vector<std::shared_ptr<const void>> pins);

/// Cells of a column that nobody wrote. At most kAbsentRowsMax rows.
inline constexpr size_t kAbsentRowsMax = 128 * 1024;
ColumnView absent_cells(ValueType type, size_t row_count);

/// Adds the cell of each reference; text is viewed, not copied.
void append_refs(const std::vector<RowRun>& runs, size_t column, std::span<const RowRef> refs,
                 ColumnVector& to);
/// Adds from[row] for each of `rows`; text is viewed, not copied.
void append_rows(const ColumnView& from, std::span<const uint32_t> rows, ColumnVector& to);
/// Adds from[begin, end); text is viewed, not copied.
void append_range(const ColumnView& from, size_t begin, size_t end, ColumnVector& to);

/// Makes one series' rows of one segment out of its sources, which stand in rising order of
/// version: the result rises in time, in one or several runs that follow each other.
std::vector<RowRun> merge_runs(std::vector<RowRun> runs, MergeMode mode,
                               const std::vector<ScanColumn>& columns);

/// The same rows in memory of their own, text included: what the run views need not stay.
RowRun copy_rows(const RowRun& run, const std::vector<ScanColumn>& columns);

/// The given rows of a run, in the given order.
RowRun pick_rows(const RowRun& run, std::span<const uint32_t> rows,
                 const std::vector<ScanColumn>& columns);

}  // namespace varve::engine
