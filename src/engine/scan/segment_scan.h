// SPDX-License-Identifier: Apache-2.0
// All sources of one segment, merged by series. Threads: one owner.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/predicate/row_filter.h"
#include "engine/scan/memtable_scan.h"
#include "engine/scan/segment_deletes.h"
#include "engine/scan/sst_scan.h"
#include "engine/scan/summary_rule.h"
#include "engine/shard/table.h"
#include "store/summary_stream.h"

namespace varve::engine {

class SegmentScan {
 public:
  /// `columns`, `wanted` (see MemtableScan) and `budget` outlive the scan.
  SegmentScan(const SegmentView& segment, MergeMode mode, const std::vector<ScanColumn>& columns,
              const SeriesBits* wanted, PinBudget& budget);

  /// Leaves out the rows of the range that these deletes hide. `columns` has what they read; the
  /// index outlives the scan.
  void hide(std::shared_ptr<const DeleteSet> deletes, const TimeRange& range,
            const SeriesIndex& index);

  /// The merged rows of one series inside the range, rising in time. A damaged file is left out.
  Result<std::vector<RowRun>> rows(SeriesId id, const KeyHash& hash, const TimeRange& range);
  /// The same, but where the rule allows it adds what files keep of runs instead of their rows.
  Result<std::vector<RowRun>> rows_or_summaries(SeriesId id, const KeyHash& hash,
                                                const TimeRange& range, const SummaryRule& rule,
                                                std::vector<RunSummary>& summaries);
  /// The same as rows(), but rows may be missing that do not match the filter, which reads the
  /// scan's columns.
  Result<std::vector<RowRun>> rows_that_may_match(SeriesId id, const KeyHash& hash,
                                                  const TimeRange& range,
                                                  const RowFilter& filter);
  /// Where the rows of a series lie that begin its answer: `rows_max` of them (0: all), if the run
  /// has so many, or all that the segment has in the range.
  struct OnlyRun {
    SstScan* file = nullptr;           ///< Null: there are no rows.
    const SeriesRows* rows = nullptr;  ///< Valid as what runs_in_file() gives.
  };
  /// Nothing when rows of several sources may have to be merged for that.
  Result<std::optional<OnlyRun>> find_only_run(SeriesId id, const KeyHash& hash,
                                               const TimeRange& range, uint64_t rows_max,
                                               bool descending);
  /// A time that no row of the series inside the range comes before, or after when descending;
  /// nothing when there are no rows. Mostly that of a row.
  Result<std::optional<int64_t>> find_bound(SeriesId id, const KeyHash& hash,
                                            const TimeRange& range, bool descending);
  /// The same as rows(), but a damaged file is an error: for those who replace files.
  Result<std::vector<RowRun>> rows_strict(SeriesId id, const KeyHash& hash,
                                          const TimeRange& range);
  /// The runs of a series in one of the segment's files, without a look at rows or deletes. Valid
  /// until the next call.
  Result<std::span<const SeriesRows>> runs_in_file(size_t file, const KeyHash& hash) {
    return files_[file].find(hash);
  }
  /// The block of the directory that has what runs_in_file() gave last.
  const SeriesDirectory* directory_of_file(size_t file) const { return files_[file].directory(); }
  /// Null when nothing is hidden.
  SegmentDeletes* deletes() { return deletes_.get(); }
  /// Rows before merging.
  uint64_t row_count() const;
  /// Adds every series with rows in the memtables.
  void add_memtable_series(SeriesBits& series) const;

 private:
  Result<std::vector<RowRun>> merged(SeriesId id, const KeyHash& hash, const TimeRange& range,
                                     bool strict);
  // A run of a file that need not be decoded.
  struct Candidate {
    size_t file = 0;
    const SeriesRows* rows = nullptr;
    std::vector<std::optional<CellSummary>> columns;
  };
  using Accept = std::function<bool(const SeriesRows& rows,
                                    std::span<const std::optional<CellSummary>> columns)>;
  // Those that `accept` takes and that no other row of the series lies among.
  Result<std::vector<Candidate>> find_candidates(SeriesId id, const KeyHash& hash,
                                                 const TimeRange& range, const Accept& accept);
  Result<std::vector<RowRun>> rows_without(SeriesId id, const KeyHash& hash,
                                           const TimeRange& range,
                                           const std::vector<Candidate>& candidates);
  Result<void> drop_overlapped(SeriesId id, const KeyHash& hash, const TimeRange& range,
                               std::vector<Candidate>& candidates);

  // The runs of one source, before merging.
  struct Source {
    std::vector<RowRun> runs;
    Version deletes_applied;
  };
  Result<std::vector<RowRun>> without_hidden(const SegmentDeletes::OfSeries& series,
                                             std::vector<Source> sources);
  RowRun without_matches(const RowRun& run, const SegmentDeletes::OnFields& condition) const;

  const MergeMode mode_;
  const std::vector<ScanColumn>& columns_;
  std::deque<SstScan> files_;
  std::vector<MemtableScan> memtables_;
  // By source, files first.
  std::vector<Version> deletes_applied_;
  // By file: the runs of the current series that are not wanted. Empty: none.
  std::vector<std::vector<const SeriesRows*>> skipped_;
  std::unique_ptr<SegmentDeletes> deletes_;  // Null: nothing is hidden.
};

}  // namespace varve::engine
