// SPDX-License-Identifier: Apache-2.0
// Which files of one segment to merge next. Pure: facts in, a run of neighbours out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/options.h"

namespace varve::engine {

/// A file of a segment, in order of version.
struct FileFacts {
  uint64_t size_bytes = 0;
  /// Only neighbours with the same number may be merged: between others a delete on fields waits.
  uint32_t epoch = 0;
  /// Damaged, or the place of a damaged one: nothing is merged across it.
  bool barrier = false;
};

/// Files [begin, end) of the segment.
struct FileRun {
  size_t begin = 0;
  size_t end = 0;
  /// Higher is more urgent, among all segments.
  double score = 0;
};

/// Nothing when the segment is well as it is.
///
///   default:      from compaction_files_min files on, the run that saves most files for the bytes
///                 it rewrites and has no file that is much larger than the rest
///   size_tiered,  a run of compaction_threshold_min files or more whose sizes are alike: between
///   time_window:  bucket_low and bucket_high times their mean, or all below small_bytes
std::optional<FileRun> pick_run(std::span<const FileFacts> files, const EngineOptions& options);

/// For a segment that nobody writes to any more: all files that may become one.
std::optional<FileRun> pick_cold_run(std::span<const FileFacts> files,
                                     const EngineOptions& options);

}  // namespace varve::engine
