// SPDX-License-Identifier: Apache-2.0
// Some tables with a WAL, a manifest and three threads of their own.
//
//   write ──▶ queue ──▶ writer thread ──▶ WAL, memtables
//                            ▲ seal
//   flush, drop, remove ──▶ background thread ──▶ sorted files, manifest
//                            ▲ commit
//   compact ──▶ compaction thread ──▶ merged files
//
// Threads: every member is safe anywhere, except that close() and the destructor come last.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "engine/backup/frozen_store.h"
#include "engine/manifest/manifest.h"
#include "engine/options.h"
#include "engine/shard/compaction_plan.h"
#include "engine/shard/damage_list.h"
#include "engine/shard/job_thread.h"
#include "engine/seen_ids.h"
#include "engine/shard/live_tables.h"
#include "engine/shard/series_snapshots.h"
#include "engine/shard/table.h"
#include "engine/shard/write_queue.h"
#include "engine/shard/writer.h"
#include "engine/wal/local_log.h"
#include "io/random.h"

namespace varve::engine {

/// What the shards of a store share; all of it outlives them.
struct ShardContext {
  const EngineOptions& options;
  FileSystem& files;
  const Clock& clock;
  Random& random;
  BlockCache& cache;
  ReaderCache& readers;
  DamageList& damage;
};

class Shard {
 public:
  /// Opens or creates the folder, replays the WAL and starts the threads. See LocalStore::open.
  static Result<std::unique_ptr<Shard>> open(const ShardContext& context, std::string folder,
                                             const std::vector<TableId>& live_tables);
  /// Finishes what waits, flushes nothing.
  ~Shard();
  /// Finishes what waits, flushes and stops.
  Result<void> close();

  void write(WriteRequest request, WriteDone done);
  std::shared_ptr<const Table> table(TableId id) const { return tables_.find(id); }
  Result<void> flush();
  Result<void> compact();
  Result<void> drop(const std::vector<TableId>& tables);
  /// What the manifest says now, with its files kept in place.
  Result<FrozenShard> freeze();
  Result<void> drop_segments(const std::vector<SegmentId>& segments);
  Result<void> remove(const DeleteSpec& spec);
  /// Why writes are refused; empty while they go through.
  std::string refusal() const;
  /// Those that the open met. Once.
  SeenIds take_ids_seen() { return std::move(ids_seen_); }
  uint64_t quarantined_files() const;
  uint64_t deletes_pending() const { return deletes_known_.load(std::memory_order_relaxed); }

 private:
  Shard(const ShardContext& context, std::string folder);

  // shard_open.cc, before the threads start.
  Result<void> recover(const std::vector<TableId>& live_tables);
  void see_ids();
  Result<void> rebuild_manifest(const LiveTables& live);
  Result<void> open_files(const LiveTables& live, const std::vector<TableId>& live_tables);
  Result<void> remove_orphans(bool manifest_damaged);
  Result<std::vector<OldSegment>> replay(const LiveTables& live,
                                         const std::set<TableId>& dropped);
  std::shared_ptr<Table> make_table(TableId id, MergeMode mode);
  void correct_all_series();
  bool is_in_file(const WriteBatch& batch) const;

  // shard.cc
  void start();
  void stop();
  void run_writer();
  void commit_tasks(std::vector<WriteTask> tasks);
  bool flush_if_due();
  bool flush_is_due() const;
  /// What is cached must shrink, at the least.
  bool memory_is_tight() const;
  bool is_idle() const;
  void rest_if_idle();
  bool on_writer(std::function<void()> task);
  std::string sst_path(SstId id) const;
  /// A sorted file in use goes when nobody uses it any more.
  void remove_file(const std::string& path);

  // flush.cc, background thread.
  struct SealedMemtable {
    std::shared_ptr<const Memtable> memtable;
    Lsn after{};  // Its rows have higher numbers.
  };
  struct FlushPart;
  struct FlushUnit;
  /// What cannot be flushed: why, and the records that the log must keep for it.
  struct Refused {
    Result<void> why;
    Lsn after{UINT64_MAX};
  };
  /// False when there was nothing to do.
  Result<bool> flush_now();
  Result<void> write_sealed(const SealedMemtables& sealed);
  void write_snapshots(SeriesSnapshots::When when);
  std::vector<FlushUnit> units_of_sealed();
  void cut_at_deletes(FlushUnit& unit) const;
  Result<void> build_part(const FlushUnit& unit, FlushPart& part);
  Result<void> build_unit(FlushUnit& unit, ManifestEdit& edit);
  Result<void> flush_some(std::deque<FlushUnit>& units, const SealedMemtables& sealed,
                          Refused& refused);
  void finish_units(const std::vector<FlushUnit>& units);
  std::shared_ptr<SstFile> use_file(const SstMeta& meta);
  /// The same for a new file, which is opened, and removed when it cannot be.
  Result<std::shared_ptr<SstFile>> open_built(const SstMeta& meta);
  /// Commits to the manifest. After an error nobody knows whether the edit is there: then the added
  /// files are kept until a later commit has settled that it is not.
  Result<void> commit(const ManifestEdit& edit);
  /// Settles a failed commit, before more files are written.
  Result<void> settle();

  // drop.cc, background thread.
  Result<void> drop_now(const std::vector<TableId>& tables);
  Result<void> drop_segments_now(const std::vector<SegmentId>& segments);
  Result<void> finish_drop(const std::function<size_t()>& forget,
                           const std::function<bool(const Memtable&)>& is_dropped,
                           const std::vector<SstId>& files);

  // delete.cc, background thread except where stated.
  Result<void> add_delete(const DeleteSpec& spec, Table& table);
  /// Any thread.
  SeriesBySegment find_series_without_rows(const Table& table, const TimeRange& range) const;
  /// Forgets deletes of which neither a file nor the log has an older row.
  Result<void> forget_deletes();
  std::vector<Version> needless_deletes(TableId table) const;

  // compaction.cc, compaction thread except where stated.
  bool compact_if_due();
  Result<void> compact_all();
  void raise_untouched();
  Result<void> merge(const MergeJob& job);
  Result<void> run_merge(const MergeJob& job);
  Result<void> proceed(const Table& table, uint64_t bytes, int64_t began_ns) const;
  /// Background thread.
  Result<void> finish_merge(const MergeJob& job, std::optional<SstMeta> merged);

  const ShardContext context_;
  const std::string folder_;
  const std::string wal_folder_;
  const uint64_t seed_;
  SeenIds ids_seen_;
  TableMap tables_;
  HeldFiles held_files_;
  WriteState write_state_;
  WriteQueue queue_;
  Writer writer_;

  // Background thread only, once it runs.
  std::unique_ptr<Manifest> manifest_;
  SeriesSnapshots snapshots_;
  std::vector<SealedMemtable> sealed_;  // Not in files yet, oldest first.
  Lsn lsn_sealed_{};                    // Every row up to here is in sealed_ or in files.
  std::vector<std::string> in_doubt_;   // Files that a failed commit may have named.
  int64_t flush_failed_ns_ = 0;
  Lsn lsn_rested_{UINT64_MAX};              // The last record when the log went to rest.
  std::atomic<uint64_t> lsn_flushed_{0};    // The background thread alone changes it.
  std::atomic<uint64_t> deletes_known_{0};  // Of the manifest; the same.

  // Compaction thread only.
  CompactionPlan compaction_plan_;
  uint64_t changes_seen_ = UINT64_MAX;
  int64_t looked_ns_ = 0;
  std::atomic<uint64_t> changes_{0};  // Commits so far: a reason to look again.

  // One delete at a time, from its version to the list of series that it leaves. Held by callers,
  // never by a thread of the shard.
  std::mutex remove_mutex_;

  std::atomic<bool> stopping_{false};
  Thread writer_thread_;
  JobThread background_;
  JobThread compaction_;
};

}  // namespace varve::engine
