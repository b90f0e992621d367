// SPDX-License-Identifier: Apache-2.0
// The rows of a sorted file, by series. Series are asked for in rising order of hash, mostly.
// Threads: one owner.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/memory_governor.h"
#include "engine/scan/row_run.h"
#include "engine/shard/sst_file.h"
#include "model/cell_summary.h"
#include "model/time_range.h"

namespace varve::engine {

/// How many bytes of decoded columns one scan keeps to itself, so that a row group is decoded once
/// for all its series. Threads: one owner.
struct PinBudget {
  size_t bytes_max = 0;
  size_t bytes = 0;
  /// Sorted files that share it.
  size_t files = 0;
  /// Where they are claimed, in steps; null: nowhere. It outlives the budget.
  ScopedMemory* memory = nullptr;

  /// False when so many bytes in all are too much.
  bool may_hold(size_t total) {
    constexpr size_t kStepBytes = 1u << 20;
    if (total > bytes_max) return false;
    return memory == nullptr || memory->set(total / kStepBytes * kStepBytes);
  }

  /// When a row group is too much, the next rows of it are copied: about so many bytes.
  size_t share() const { return std::max(bytes_max / std::max<size_t>(files, 1), kShareMin); }
  static constexpr size_t kShareMin = 16 * 1'024;
};

class SstScan {
 public:
  /// Decoded rows [row_begin, row_end) of a row group: all of it, or a copy of some.
  struct Decoded {
    uint32_t row_group = 0;
    size_t row_begin = 0;
    size_t row_end = 0;
    std::shared_ptr<const DecodedColumn> times;
    /// Null: the file does not have it.
    std::vector<std::shared_ptr<const DecodedColumn>> columns;

    bool covers(const SeriesRows& rows) const {
      return row_group == rows.row_group && row_begin <= rows.row_begin &&
             rows.row_begin + size_t{rows.row_count} <= row_end;
    }
    size_t size_bytes() const;
    std::shared_ptr<Decoded> copy(size_t begin, size_t end) const;
  };

  /// Some of them: [begin, end), counted from the first one that is decoded.
  struct Part {
    std::shared_ptr<const Decoded> decoded;
    size_t begin = 0;
    size_t end = 0;
  };

  SstScan(std::shared_ptr<SstFile> file, const std::vector<ScanColumn>& columns,
          PinBudget& budget);
  ~SstScan();
  SstScan(SstScan&&) noexcept;
  SstScan& operator=(SstScan&&) = delete;

  /// Adds the rows of a series inside the range, but for the runs `skipped` (of find()): a run for
  /// each row group that has some. After kCorrupt the file is quarantined and gives nothing more.
  Result<void> collect(const KeyHash& series, const TimeRange& range, std::vector<RowRun>& runs,
                       std::span<const SeriesRows* const> skipped = {});
  /// The runs of a series; none when the file does not have it. Valid until the next call.
  Result<std::span<const SeriesRows>> find(const KeyHash& series);
  /// Of a run that find() gave last, the rows inside the range.
  Result<Part> read(const SeriesRows& rows, const TimeRange& range);
  enum class Edge : uint8_t { kFirst, kLast };
  /// Appends the first or the last row of a run that find() gave last, without a look at its page;
  /// false, and nothing, when the file does not keep all of it that is wanted.
  Result<bool> append_edge(const SeriesRows& rows, Edge edge, OwnedRows& to);
  /// What the file keeps of a run that find() gave last, for each wanted column: nothing of one
  /// that it does not summarize.
  Result<void> summarize(const SeriesRows& rows,
                         std::vector<std::optional<CellSummary>>& columns);
  /// The block of the directory in which find() found the last series.
  const SeriesDirectory* directory() const { return directory_.get(); }
  const SstFile& file() const { return *file_; }

 private:
  Result<void> find_fields();
  Result<std::optional<RowRun>> edge_row(const SeriesRows& rows, const TimeRange& range);
  Result<void> collect_rows(const SeriesRows& rows, const TimeRange& range,
                            std::vector<RowRun>& runs);
  Result<std::shared_ptr<Decoded>> decode(const SeriesRows& rows);
  void pin(std::shared_ptr<Decoded> decoded);
  void unpin();

  std::shared_ptr<SstFile> file_;
  const std::vector<ScanColumn>& columns_;  // Outlives the scan.
  PinBudget& budget_;
  std::vector<int> fields_;  // By wanted column: its index in the file, or -1. Empty: not known.
  std::vector<int> summarized_;  // Likewise: its index among those that have summaries.
  // The block of the directory that had the last series, and the place behind that series.
  std::shared_ptr<const SeriesDirectory> directory_;
  size_t next_series_ = 0;
  std::shared_ptr<Decoded> pinned_;
  size_t pinned_bytes_ = 0;
};

}  // namespace varve::engine
