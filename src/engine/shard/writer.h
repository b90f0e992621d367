// SPDX-License-Identifier: Apache-2.0
// The one who changes a shard: gives versions and numbers, appends to the log, then to memtables.
// A group is what arrived while the last one was synced: one write, one sync, many promises kept.
// Threads: the shard's writer thread only (or whoever opens the shard, before it starts), except
// where stated.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "base/memory_governor.h"
#include "engine/options.h"
#include "engine/shard/damage_list.h"
#include "engine/shard/table.h"
#include "engine/shard/write_queue.h"
#include "engine/wal/log.h"
#include "io/clock.h"

namespace varve::engine {

/// The active memtables of a moment.
struct SealedMemtables {
  std::vector<std::shared_ptr<const Memtable>> memtables;
  /// Every row up to here is in them or in older ones.
  Lsn lsn{};
  Version version_highest;
};

/// Where a delete stands among the rows.
struct DeleteLine {
  Version version;
  Lsn lsn{};
};

class Writer {
 public:
  /// The references outlive the writer. `lsn_last` and `version_last`: the highest ever used.
  Writer(const EngineOptions& options, const Clock& clock, TableMap& tables, uint64_t seed,
         WriteState& state)
      : options_(options), clock_(clock), tables_(tables), seed_(seed), state_(state),
        bodies_memory_(options.memory, MemoryGovernor::Use::kMemtables) {}

  /// While opening: the rows of a record of the log. Gives the number of series that are left out
  /// because their keys are lost.
  Result<size_t> replay(Lsn lsn, std::vector<WriteBatch> batches);
  /// Ends opening. `lsn` and `version` were used before.
  void start(std::unique_ptr<Log> log, Lsn lsn, Version version);

  /// Writes in order, each whole or not at all, and calls each one's `done`.
  void commit(std::vector<WriteTask> group);
  /// With WalSync::kInterval: syncs when it is time. Gives the time until the next sync in ns;
  /// negative: nothing waits for one.
  int64_t sync_if_due();
  Result<void> sync();
  SealedMemtables seal();
  /// Gives a delete its version: every row so far is older, every later one newer.
  DeleteLine begin_delete(Table& table, const TimeRange& range);
  /// Rows of these segments are refused from now on.
  void drop_segments(const std::vector<SegmentId>& segments);
  Log& log() { return *log_; }

  /// Any thread. clock.steady_ns() of the newest row; 0: none yet.
  int64_t newest_row_ns() const { return newest_row_ns_.load(std::memory_order_relaxed); }
  /// Any thread.
  size_t memtable_bytes() const { return memtable_bytes_.load(std::memory_order_relaxed); }
  /// Any thread. True while new rows are refused until older ones are flushed.
  bool memtables_are_full() const { return memtable_bytes() > 2 * options_.memtable_bytes_max; }
  /// Any thread. The newest record of the log.
  Lsn lsn_last() const { return Lsn{lsn_last_.load(std::memory_order_relaxed)}; }
  /// Any thread.
  uint64_t wal_bytes() const { return log_->size_bytes(); }
  /// Any thread. True when deletes have cut memtables into many.
  bool memtables_are_many() const { return memtables_are_many_.load(std::memory_order_relaxed); }
  /// Any thread. clock.steady_ns() of the oldest unsealed row; 0: none.
  int64_t oldest_row_ns() const { return oldest_row_ns_.load(std::memory_order_relaxed); }
  /// Rows of memtables that are no longer in use. Any thread.
  void memtables_flushed(size_t size_bytes);

 private:
  struct Pending {
    WriteTask* task = nullptr;
    std::vector<std::shared_ptr<Table>> tables;      // By batch.
    std::vector<std::vector<SeriesId>> series;       // By batch.
  };
  Result<Pending> prepare(WriteTask& task);
  Result<void> log_group(std::vector<Pending>& group);
  size_t encode_group(std::vector<Pending>& group);
  void claim_bodies();
  void append(const WriteBatch& batch, Table& table, std::span<const SeriesId> series);

  const EngineOptions& options_;
  const Clock& clock_;
  TableMap& tables_;
  const uint64_t seed_;
  WriteState& state_;
  std::unique_ptr<Log> log_;
  Version version_last_;
  std::vector<std::string> bodies_;  // Of the records of a group, and for their memory.
  ScopedMemory bodies_memory_;
  std::set<SegmentId> dropped_segments_;
  int64_t unsynced_since_ns_ = 0;  // 0: all is synced.
  std::atomic<uint64_t> lsn_last_{0};  // The writer thread alone changes it.
  std::atomic<size_t> memtable_bytes_{0};
  std::atomic<int64_t> oldest_row_ns_{0};
  std::atomic<int64_t> newest_row_ns_{0};
  std::atomic<bool> memtables_are_many_{false};
};

}  // namespace varve::engine
