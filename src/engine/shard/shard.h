// SPDX-License-Identifier: Apache-2.0
// Some tables with a WAL, a manifest, a writer thread and a background thread of their own.
//
//   write ──▶ queue ──▶ writer thread ──▶ WAL, memtables
//                            ▲ seal
//   flush, compact, drop ──▶ background thread ──▶ sorted files, manifest
//
// Threads: every member is safe anywhere, except that close() and the destructor come last.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/thread.h"
#include "engine/backup/frozen_store.h"
#include "engine/manifest/manifest.h"
#include "engine/options.h"
#include "engine/shard/damage_list.h"
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
  /// Why writes are refused; empty while they go through.
  std::string refusal() const;

 private:
  Shard(const ShardContext& context, std::string folder);

  // shard_open.cc, before the threads start.
  Result<void> recover(const std::vector<TableId>& live_tables);
  Result<void> open_files(const std::vector<TableId>& live_tables);
  Result<void> remove_orphans(bool keep);
  Result<std::vector<OldSegment>> replay(const std::set<TableId>& live,
                                         const std::set<TableId>& dropped);
  bool is_in_file(const WriteBatch& batch) const;

  // shard.cc
  void start();
  void stop();
  void run_writer();
  void commit_tasks(std::vector<WriteTask> tasks);
  void run_background();
  bool flush_is_due() const;
  Result<void> in_background(std::function<Result<void>()> job);
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
  /// False when there was nothing to do.
  Result<bool> flush_now();
  Result<void> write_sealed(const SealedMemtables& sealed);
  std::vector<FlushPart> parts_of_sealed() const;
  Result<void> build_part(FlushPart& part);
  Result<ManifestEdit> build_parts(std::vector<FlushPart>& parts, const SealedMemtables& sealed,
                                   Result<void>& refused);
  size_t finish_parts(const std::vector<FlushPart>& parts);
  std::shared_ptr<SstFile> use_file(const SstMeta& meta);
  /// The same for a new file, which is opened, and removed when it cannot be.
  Result<std::shared_ptr<SstFile>> open_built(const SstMeta& meta);
  /// Commits to the manifest. After an error nobody knows whether the edit is there: then the added
  /// files are kept until a later commit has settled that it is not.
  Result<void> commit(const ManifestEdit& edit);
  /// Settles a failed commit, before more files are written.
  Result<void> settle();
  Result<void> drop_now(const std::vector<TableId>& tables);

  // compaction.cc, background thread.
  Result<bool> compact_one();
  Result<void> compact_files(Table& table, const SegmentView& segment,
                             const std::vector<std::shared_ptr<SstFile>>& inputs);

  const ShardContext context_;
  const std::string folder_;
  const std::string wal_folder_;
  const uint64_t seed_;
  TableMap tables_;
  HeldFiles held_files_;
  WriteState write_state_;
  WriteQueue queue_;
  Writer writer_;

  // Background thread only, once it runs.
  std::unique_ptr<Manifest> manifest_;
  std::vector<SealedMemtable> sealed_;  // Not in files yet, oldest first.
  Lsn lsn_sealed_{};                    // Every row up to here is in sealed_ or in files.
  std::vector<std::string> in_doubt_;   // Files that a failed commit may have named.
  int64_t flush_failed_ns_ = 0;
  std::atomic<uint64_t> lsn_flushed_{0};  // The background thread alone changes it.

  std::mutex jobs_mutex_;
  std::condition_variable jobs_changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;

  Thread writer_thread_;
  Thread background_thread_;
};

}  // namespace varve::engine
