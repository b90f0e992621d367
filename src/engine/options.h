// SPDX-License-Identifier: Apache-2.0
// What the engine may be told. Everything has a default; nothing grows without a limit here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/sst/sst_layout.h"
#include "model/ids.h"
#include "model/value.h"

namespace varve {
class MemoryGovernor;
}

namespace varve::engine {

/// When an acknowledged write has reached the disk.
enum class WalSync : uint8_t {
  kCommit,    ///< Before the acknowledgement.
  kInterval,  ///< At most `wal_sync_interval_ms` after it.
  kOff,       ///< When the operating system likes.
};

/// Which sorted files are merged; see merge_pick.h.
enum class CompactionStrategy : uint8_t {
  kDefault,     ///< What saves most files for the bytes rewritten.
  kSizeTiered,  ///< Files of like sizes.
  kTimeWindow,  ///< The same, newest segments first.
};

struct ColumnLabel {
  ColumnId id{};
  ColumnKind kind = ColumnKind::kField;
  std::string name;
};

/// What people call a table and its columns. Only written into Parquet files, for other tools.
struct TableLabels {
  std::string table;
  std::vector<ColumnLabel> columns;
};

struct EngineOptions {
  std::string directory;
  /// Part of every version that this engine gives.
  uint16_t node = 0;
  /// Tables are spread over them; each has its own WAL and its own writer thread. Fixed for the
  /// life of a directory.
  uint32_t shards = 1;

  WalSync wal_sync = WalSync::kCommit;
  int64_t wal_sync_interval_ms = 100;
  uint64_t wal_segment_bytes = 64ull << 20;
  /// Segments kept for another use, so that a new one needs no allocation.
  uint32_t wal_segments_recycled_max = 2;
  /// A longer WAL makes the shard flush.
  uint64_t wal_bytes_max = 256ull << 20;

  /// Waiting writes of a shard; more are refused as kOverloaded.
  size_t queue_requests_max = 10'000;
  size_t queue_bytes_max = 256ull << 20;

  /// A shard flushes when its memtables hold more, and refuses writes beyond twice as much.
  size_t memtable_bytes_max = 256ull << 20;
  /// A shard flushes when its oldest unflushed row has waited so long.
  int64_t memtable_age_max_ms = 3'600'000;
  /// Nor does it wait when no row has come for so long, if there is enough for a file of its own.
  /// With everything in files the log then gives its space back.
  int64_t memtable_idle_max_ms = 5'000;
  size_t memtable_idle_bytes_min = 1ull << 20;
  /// Decoded columns that scans share.
  size_t block_cache_bytes = 128ull << 20;
  /// Sorted files that stay open, each with a descriptor, and the memory of their footers and
  /// indexes; more are closed, and opened again when they are needed.
  size_t open_files_max = 1'000;
  size_t open_files_bytes_max = 64ull << 20;
  /// Decoded columns that one scan keeps to itself.
  size_t scan_pinned_bytes_max = 128ull << 20;
  /// What a flush or a merge holds of one series at a time, and of a row group.
  size_t build_bytes_max = 32ull << 20;

  /// No number of a sorted file is taken twice, not even one that a process took which then ended
  /// without a word: in an object store a late request may still arrive.
  bool sst_ids_jump = false;
  /// Of the files that flushes and merges write; older files keep theirs.
  SstLayout sst_layout = SstLayout::kPacked;
  /// At most kRowGroupRowsMax.
  uint32_t row_group_rows_max = 16 * 1024;
  static constexpr uint32_t kRowGroupRowsMax = 128 * 1024;
  /// Tables with fewer series get no series snapshot of their own.
  uint32_t series_snapshot_series_min = 10'000;
  /// Those tables share one, when a start would have to open so many files for want of it.
  uint32_t series_snapshot_shared_files_min = 50;
  CompactionStrategy compaction_strategy = CompactionStrategy::kDefault;
  /// kDefault: so many files of one table and segment are merged; at least 2.
  uint32_t compaction_files_min = 8;
  /// kDefault, and segments that have come to rest: a merge reads no more.
  uint64_t compaction_bytes_max = 2ull << 30;
  /// kSizeTiered and kTimeWindow: sizes are alike between so many times their mean, and below
  /// `compaction_small_bytes` all are.
  double compaction_bucket_low = 0.5;
  double compaction_bucket_high = 1.5;
  uint64_t compaction_small_bytes = 50ull << 20;
  /// The same two: a merge reads so many files and bytes.
  uint32_t compaction_threshold_min = 4;
  uint32_t compaction_threshold_max = 16;
  uint64_t compaction_input_bytes_max = 1'200'000'000;
  /// A segment that has ended and got no file for so long becomes one file.
  int64_t compaction_cold_ms = 3'600'000;
  /// Merges read no more in a second; 0: no limit.
  uint64_t compaction_bytes_per_second = 0;

  /// The list of live tables may lack some: rows of others are kept, not removed as dead.
  bool keeps_unnamed_tables = false;
  /// The catalog has given no id from here on: rows of such tables are kept too, since it must have
  /// lost what named them.
  TableId tables_given_below{UINT32_MAX};

  /// Shared with everything else that holds memory; null: no limit. Rows are refused when it is
  /// reached, and flushed and forgotten by the cache before. It outlives the store.
  MemoryGovernor* memory = nullptr;

  /// False: nothing is flushed or compacted unless asked; for tests that count every I/O call.
  bool automatic = true;
  /// Labels of a table; may be empty. Called on background threads.
  std::function<std::optional<TableLabels>(TableId)> labels;
};

}  // namespace varve::engine
