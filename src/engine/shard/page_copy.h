// SPDX-License-Identifier: Apache-2.0
// Which pages of a merge's inputs the new file may have as they are: those of one series, well
// filled, whose time no other page of the series touches. Everything else is read, merged and
// encoded anew, so that small pages join.
// Threads: one owner.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "engine/scan/segment_scan.h"
#include "engine/shard/sst_build.h"
#include "engine/sst/sst_writer.h"

namespace varve::engine {

/// The next part of a series, by time: rows of the range, or a page.
struct MergePart {
  TimeRange range;
  /// Of which file of the sources; nothing: the range is merged.
  std::optional<size_t> file;
  SeriesRows page;
};

class PageCopy {
 public:
  /// Both outlive it.
  PageCopy(const SstBuild& build, SegmentScan& scan);

  /// How a series, of which nothing is hidden, is put together. The parts rise in time and hold
  /// each of its rows once; a range without a row is left out.
  Result<std::vector<MergePart>> parts_of(const KeyHash& series);
  /// Writes a page. kCorrupt when the file is damaged, which is then quarantined.
  Result<void> copy(const MergePart& part, const SeriesRef& series, SstWriter& writer);

 private:
  struct Run {
    size_t file = 0;
    SeriesRows rows;
  };
  // How the columns of a file become those of the new one.
  struct Source {
    std::shared_ptr<const SstReader> reader;
    std::vector<int> fields;      // By field of the new file: of this file, or -1.
    std::vector<int> summarized;  // By summarized field of the new file: likewise, among those.
  };
  Result<const Source*> source(size_t file);
  Result<bool> can_copy(const Run& run);

  const SstBuild& build_;
  SegmentScan& scan_;
  const size_t rows_min_;
  const size_t rows_max_;
  std::vector<std::optional<Source>> sources_;  // By file, once it was asked for.
};

}  // namespace varve::engine
