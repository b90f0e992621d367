// SPDX-License-Identifier: Apache-2.0
// The series of a table as a file, so that a start need not gather them from the directories of its
// sorted files. Bytes: docs/formats/series_snapshot.md.
//
//   header, segments │ hashes │ per tag: texts, value ids │ per segment: which series
//
// Series stand in order of hash; only those that live in some segment are written, and only values
// that one of them has. So series that ended leave the index.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "engine/series_index/series_bits.h"
#include "engine/series_index/series_index.h"
#include "engine/series_index/snapshot_blocks.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "model/time_range.h"
#include "model/value.h"

namespace varve::engine {

/// The series with rows in some sorted files of one segment: all that the segment had then.
struct SnapshotSegment {
  SegmentId id{};
  TimeRange range;
  std::vector<uint64_t> files;  ///< Their numbers, rising.
  SeriesBits series;
};

struct SnapshotHeader {
  TableId table{};
  MergeMode mode = MergeMode::kMerge;
};

/// Writes to a new file and syncs it. The index may grow meanwhile. Errors as of File.
Result<void> write_index_snapshot(File& file, const SnapshotHeader& header,
                                  const SeriesIndex& index,
                                  const std::vector<SnapshotSegment>& segments);

/// The same of many tables in one file: add() for each of them, then finish(), which syncs it.
class SharedSnapshotWriter {
 public:
  /// The file outlives the writer.
  SharedSnapshotWriter(File& file, size_t table_count);
  Result<void> add(const SnapshotHeader& header, const SeriesIndex& index,
                   const std::vector<SnapshotSegment>& segments);
  Result<void> finish();

 private:
  SnapshotBlockWriter blocks_;
  Result<void> begun_;
};

struct LoadedSnapshot {
  std::unique_ptr<SeriesIndex> index;
  std::vector<SnapshotSegment> segments;
};

/// Reads a snapshot. Segments of which is_current(segment) is false are left out, and so are series
/// that live in no other one. `seed`: of the index. kCorrupt with the offset when the bytes are
/// damaged or tell of another table, kUnsupported for a newer format.
Result<LoadedSnapshot> read_index_snapshot(
    const File& file, const SnapshotHeader& header, uint64_t seed,
    const std::function<bool(const SnapshotSegment&)>& is_current);

/// The same for a file of many tables. kUnsupported when it is one of a single table.
Result<void> read_shared_snapshot(
    const File& file, uint64_t seed,
    const std::function<bool(TableId, const SnapshotSegment&)>& is_current,
    const std::function<void(const SnapshotHeader&, LoadedSnapshot)>& visit);

}  // namespace varve::engine
