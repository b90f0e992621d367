// SPDX-License-Identifier: Apache-2.0
// The newest rows of one table and segment, in memory, in order of arrival; sorted when read.
//
//   writer thread ──append──▶ [ active ] ──seal──▶ [ sealed ] ──flush──▶ SST
//   query threads ──snapshot──────┴────────────────────┘
//
// Threads: append() and seal() belong to the shard's writer thread; the rest is safe anywhere.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "engine/memtable/memtable_chunk.h"

namespace varve::engine {

/// Rows [0, row_count) of a chunk.
struct ChunkSnapshot {
  std::shared_ptr<const MemtableChunk> chunk;
  uint32_t row_count = 0;
};

class Memtable {
 public:
  Memtable(TableId table, MergeMode mode, SegmentId segment, TimeRange range,
           Version deletes_applied = {})
      : table_(table),
        mode_(mode),
        segment_(segment),
        range_(range),
        deletes_applied_(deletes_applied) {}

  TableId table() const { return table_; }
  MergeMode mode() const { return mode_; }
  SegmentId segment() const { return segment_; }
  TimeRange range() const { return range_; }

  /// Adds all rows of the batch, already in the WAL. `ids[s]` is the id of batch.series[s].
  /// Versions do not go back from call to call.
  void append(const WriteBatch& batch, std::span<const SeriesId> ids);
  /// No more rows will come.
  void seal();
  /// Writer only. True when a row has a time of the range.
  bool may_have_rows_in(const TimeRange& range) const {
    return time_first_ns_ < range.end_ns && time_last_ns_ >= range.begin_ns;
  }

  /// No delete up to this version hides a row, and every row is older than each later one, except
  /// than those that hide none of them anyway.
  Version deletes_applied() const {
    const MutexLock lock(mutex_);
    return deletes_applied_;
  }
  /// Writer only: for a delete that hides no row.
  void raise_deletes_applied(Version version) {
    const MutexLock lock(mutex_);
    deletes_applied_ = version;
  }

  /// The rows of now, oldest chunk first.
  std::vector<ChunkSnapshot> snapshot() const;
  /// Adds the columns in which some row holds a value; may name one twice.
  void collect_columns(std::vector<ScanColumn>& columns) const;
  uint64_t row_count() const { return row_count_.load(std::memory_order_relaxed); }
  size_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }

  /// Of a sealed memtable, or for the writer.
  Version version_first() const { return version_first_; }
  Version version_last() const { return version_last_; }

 private:
  static constexpr uint32_t kChunkRowsMin = 16;
  static constexpr uint32_t kChunkRowsMax = 64 * 1024;
  /// Wide tables get fewer rows a chunk.
  static constexpr size_t kChunkBytesMax = 16 << 20;
  /// Chunks may be closed so often because a number did not fit its column's form; from then on
  /// every form is the full one.
  static constexpr uint32_t kWideningsMax = 32;
  /// `needed[i]` is the narrowest form of batch.columns[i].
  MemtableChunk& chunk_for(const WriteBatch& batch, std::span<const CellForm> needed);
  void measure();

  const TableId table_;
  const MergeMode mode_;
  const SegmentId segment_;
  const TimeRange range_;
  Version version_first_;
  Version version_last_;
  StringArena texts_;
  int64_t time_first_ns_ = INT64_MAX;
  int64_t time_last_ns_ = INT64_MIN;
  size_t closed_bytes_ = 0;
  std::shared_ptr<MemtableChunk> active_;
  uint32_t widenings_ = 0;
  std::atomic<uint64_t> row_count_{0};
  std::atomic<size_t> size_bytes_{sizeof(Memtable)};
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<MemtableChunk>> chunks_ GUARDED_BY(mutex_);
  Version deletes_applied_ GUARDED_BY(mutex_);
};

}  // namespace varve::engine
