// SPDX-License-Identifier: Apache-2.0
// The rows of a sorted file, by series. Series are asked for in rising order of hash, mostly.
// Threads: one owner.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/scan/row_run.h"
#include "engine/shard/sst_file.h"
#include "model/time_range.h"

namespace varve::engine {

/// How many bytes of decoded columns one scan keeps to itself, so that neighbouring series need not
/// ask the cache. Threads: one owner.
struct PinBudget {
  size_t bytes_max = 0;
  size_t bytes = 0;
};

class SstScan {
 public:
  SstScan(std::shared_ptr<SstFile> file, const std::vector<ScanColumn>& columns,
          PinBudget& budget);
  ~SstScan();
  SstScan(SstScan&&) noexcept;
  SstScan& operator=(SstScan&&) = delete;

  /// Adds the rows of a series inside the range: a run for each row group that has some. After
  /// kCorrupt the file is quarantined and gives nothing more.
  Result<void> collect(const KeyHash& series, const TimeRange& range, std::vector<RowRun>& runs);
  /// The runs of a series; none when the file does not have it. Valid until the next call.
  Result<std::span<const SeriesRows>> find(const KeyHash& series);
  const SstFile& file() const { return *file_; }

 private:
  // The decoded columns of one row group, as far as they were needed.
  struct Decoded {
    uint32_t row_group = 0;
    std::shared_ptr<const DecodedColumn> times;
    std::vector<std::shared_ptr<const DecodedColumn>> columns;
  };
  Result<void> find_fields();
  Result<void> collect_rows(const SeriesRows& rows, const TimeRange& range,
                            std::vector<RowRun>& runs);
  Result<std::shared_ptr<Decoded>> decode(uint32_t row_group);
  void unpin();

  std::shared_ptr<SstFile> file_;
  const std::vector<ScanColumn>& columns_;  // Outlives the scan.
  PinBudget& budget_;
  std::vector<int> fields_;  // By wanted column: its index in the file, or -1. Empty: not known.
  // The block of the directory that had the last series, and the place behind that series.
  std::shared_ptr<const SeriesDirectory> directory_;
  size_t next_series_ = 0;
  std::shared_ptr<Decoded> pinned_;
  size_t pinned_bytes_ = 0;
};

}  // namespace varve::engine
