// SPDX-License-Identifier: Apache-2.0
// A Store on a folder: WAL, memtables and sorted files.
//
//   write ──▶ Shard (writer thread: WAL, memtable) ──flush──▶ SST ──compaction──▶ SST
//   scan  ──▶ snapshot of both ──▶ merged rows
//
// Threads: every member is safe anywhere, except that close() and the destructor come last.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/backup/frozen_store.h"
#include "engine/options.h"
#include "engine/seen_ids.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "store/store.h"

namespace varve::engine {

/// What an operator should know.
struct EngineHealth {
  /// False after a write was refused for want of space or a failed disk, until one succeeds.
  bool writable = true;
  /// Why not; empty when writable.
  std::string reason;
  /// Files that were found damaged and are left out of every answer, with what is wrong.
  std::vector<std::string> damage;
  /// Sorted files among them.
  uint64_t quarantined_files = 0;
  /// Deletes that merges have not applied to every file yet.
  uint64_t deletes_pending = 0;
};

class LocalStore final : public Store, public StoreAdmin {
 public:
  /// Opens or creates the folder and replays its WAL. `live_tables`: those that the catalog still
  /// knows; the rows of all others are dead and are removed. The references outlive the store.
  /// The caller holds the lock of the data directory. Errors: kIo, kNoSpace, and kCorrupt when a
  /// newer format is met; damage is reported (log, health) and does not prevent opening.
  static Result<std::unique_ptr<LocalStore>> open(EngineOptions options, FileSystem& files,
                                                  const Clock& clock, Random& random,
                                                  const std::vector<TableId>& live_tables);
  ~LocalStore() override;

  /// Finishes what is queued, flushes, syncs and stops; later writes are refused. The first error
  /// is returned, but everything is stopped all the same. Without it the destructor finishes what
  /// is queued and flushes nothing, as after a crash: what was acknowledged is in the WAL.
  /// Streams and what they handed out end before the store.
  Result<void> close();
  EngineHealth health() const;
  /// Those that the open met, in files, log and manifest. Once, before others use the store.
  SeenIds take_ids_seen();
  /// From now on writes, deletes and drops fail with the error, and health() tells it. Any thread.
  void refuse_writes(const Error& error);

  void write(WriteRequest request, WriteDone done) override;
  Result<std::unique_ptr<BatchStream>> scan(const ScanSpec& spec, CancelFlag cancel) override;
  Result<SeriesList> list_series(const SeriesSpec& spec) override;
  Result<uint64_t> count_series(const SeriesSpec& spec) override;
  Result<TextList> list_tag_values(const SeriesSpec& spec, ColumnId tag) override;
  Result<std::vector<ColumnId>> list_columns(TableId table, TimeRange range) override;
  TableStats stats(TableId table) override;
  Result<void> remove(const DeleteSpec& spec) override;

  Result<void> flush() override;
  Result<void> drop_tables(const std::vector<TableId>& tables) override;
  Result<void> drop_segments(const std::vector<SegmentId>& segments) override;
  /// Merges files until no segment has `compaction_files_min` of them.
  Result<void> compact();

  /// What is in sorted files now, with these kept in place until the answer goes; flush() first
  /// when all rows are meant. The answer ends before the store.
  Result<FrozenStore> freeze();
  uint32_t shard_count() const;
  /// Of a folder that a store has made. kNotFound when none has.
  static Result<uint32_t> stored_shard_count(FileSystem& files, const std::string& directory);

 private:
  struct State;
  explicit LocalStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace varve::engine
