// SPDX-License-Identifier: Apache-2.0
// How a shard comes back after a stop, a crash or a power failure.
#include <algorithm>
#include <map>
#include <set>

#include "base/log.h"
#include "engine/shard/file_adoption.h"
#include "engine/shard/shard.h"
#include "engine/wal/local_log.h"
#include "engine/wal/wal_replay.h"

namespace varve::engine {
namespace {

// More than one life of a process takes between two commits; and random, so that a server and the
// one that took over from its snapshot do not meet. A start a second lasts for a century.
constexpr uint64_t kSstIdJumpMin = 1u << 20;
constexpr uint64_t kSstIdJumpSpread = 1u << 30;

// Keys from records that are not replayed. Later records of the same generation name the series by
// hash only, and the sorted file that has the key too may be damaged or gone. They go into no index
// before a row needs them: their series may have ended with their rows.
class LoggedKeys {
 public:
  explicit LoggedKeys(const TableMap& tables) : tables_(tables) {}

  void learn(const WriteBatch& batch) {
    const auto table = tables_.find(batch.table);
    for (const BatchSeries& series : batch.series) {
      if (series.key_size_bytes == 0) continue;
      if (table && table->index().find(series.hash)) continue;
      keys_[batch.table].try_emplace(series.hash, batch.key(series));
    }
  }

  /// Puts in the keys that the batch lacks and that are known here.
  void complete(WriteBatch& batch) const {
    const auto of_table = keys_.find(batch.table);
    if (of_table == keys_.end()) return;
    for (BatchSeries& series : batch.series) {
      if (series.key_size_bytes > 0) continue;
      const auto known = of_table->second.find(series.hash);
      if (known == of_table->second.end()) continue;
      series.key_offset = static_cast<uint32_t>(batch.key_bytes.size());
      series.key_size_bytes = static_cast<uint32_t>(known->second.size());
      batch.key_bytes += known->second;
    }
  }

 private:
  const TableMap& tables_;
  std::map<TableId, std::map<KeyHash, std::string>> keys_;
};

}  // namespace

Result<void> Shard::recover(const std::vector<TableId>& live_tables) {
  FileSystem& files = context_.files;
  TRY_VOID(files.create_directories(wal_folder_));
  manifest_ = TRY(Manifest::open(files, folder_));
  if (context_.options.sst_ids_jump) {
    manifest_->skip_sst_ids(kSstIdJumpMin + context_.random.next_u64() % kSstIdJumpSpread);
  }
  for (const std::string& sentence : manifest_->damage()) context_.damage.add(sentence);
  const bool manifest_damaged = !manifest_->damage().empty();

  const LiveTables live(live_tables, context_.options.keeps_unnamed_tables,
                        context_.options.tables_given_below);
  if (manifest_->edits_lost()) TRY_VOID(rebuild_manifest(live));
  see_ids();
  std::set<TableId> dead;
  for (const auto& [id, sst] : manifest_->state().ssts()) {
    if (!live.contains(sst.table)) dead.insert(sst.table);
  }
  for (const auto& [name, known] : manifest_->state().deletes()) {
    if (!live.contains(name.table)) dead.insert(name.table);
  }
  const ManifestEdit edit{.dropped = {dead.begin(), dead.end()}};
  const std::set<TableId> dropped = manifest_->state().dropped();
  const auto committed = manifest_->commit(edit);
  if (!committed && committed.error().code != ErrorCode::kNoSpace) return committed;
  // A full disk can still be read: the next commit begins the new manifest.
  if (!committed) log::warn("manifest.no_space", {{"error", committed.error().message}});

  TRY_VOID(open_files(live, live_tables));
  if (committed) TRY_VOID(remove_orphans(manifest_damaged));
  const auto segments = TRY(replay(live, dropped));
  correct_all_series();

  const Version version = manifest_->state().version_highest();
  const Lsn flushed = manifest_->state().flushed_lsn();
  auto log = std::make_unique<LocalLog>(
      LocalLogOptions{.folder = wal_folder_,
                      .segment_bytes = context_.options.wal_segment_bytes,
                      .segments_recycled_max = context_.options.wal_segments_recycled_max,
                      .memory = context_.options.memory},
      files, context_.clock, context_.random, segments);
  log->release(flushed);
  writer_.start(std::move(log), flushed, version);
  // Their rows would be gone at the next start, until a flush has passed the log.
  const std::set<SegmentId>& segments_dropped = manifest_->state().dropped_segments();
  writer_.drop_segments({segments_dropped.begin(), segments_dropped.end()});
  deletes_known_ = manifest_->state().deletes().size();
  lsn_sealed_ = flushed;
  lsn_flushed_ = raw(flushed);
  return {};
}

// Before anything is removed.
void Shard::see_ids() {
  const ManifestState& state = manifest_->state();
  for (const auto& [id, sst] : state.ssts()) {
    ids_seen_.add(sst.table);
    ids_seen_.add(sst.segment);
    for (const ScanColumn& field : sst.fields) ids_seen_.add(sst.table, field.id);
  }
  for (const auto& [name, known] : state.deletes()) ids_seen_.add(name.table);
  if (!state.dropped().empty()) ids_seen_.add(*state.dropped().rbegin());
  if (!state.dropped_segments().empty()) ids_seen_.add(*state.dropped_segments().rbegin());
}

// Of files, their footers say enough. Deletes of rows stand in the manifest alone.
Result<void> Shard::rebuild_manifest(const LiveTables& live) {
  const FileAdoption adoption =
      TRY(adopt_files(context_.files, folder_, manifest_->state(), live));
  manifest_->put_back(adoption.edit);
  manifest_->leave_sst_ids_up_to(adoption.highest);
  log::error("manifest.edits_lost",
             {{"folder", folder_}, {"files_found", adoption.edit.added.size()}});
  context_.damage.add(folder_ + ": edits of the manifest are lost; " +
                      std::to_string(adoption.edit.added.size()) +
                      " sorted files that only they named were found and are served, but rows may "
                      "be back whose delete or drop was among those edits");
  return {};
}

Result<void> Shard::open_files(const LiveTables& live, const std::vector<TableId>& live_tables) {
  if (!live.is_open()) snapshots_.keep_only(live_tables);
  snapshots_.load_shared(seed_, manifest_->state().ssts());
  std::map<TableId, std::set<SstId>> known;
  for (const auto& [id, sst] : manifest_->state().ssts()) {
    if (!live.contains(sst.table)) continue;
    const auto file = use_file(sst);
    const auto table = make_table(sst.table, sst.mode);
    if (!known.contains(sst.table)) {
      std::vector<SstMeta> files;
      for (const SstMeta* meta : manifest_->state().ssts_of(sst.table)) files.push_back(*meta);
      known[sst.table] = snapshots_.load(*table, seed_, files);
    }
    if (known[sst.table].contains(id)) {
      table->add_known_file(file);
      continue;
    }
    const auto added = table->add_file(file);
    if (added) continue;
    const auto code = added.error().code;
    if (code != ErrorCode::kCorrupt && code != ErrorCode::kConflict) return added;
    file->quarantine(added.error());
    // It keeps its place, so that no merge puts what is older and what is newer together.
    table->replace(sst.segment, {}, {}, file);
  }
  return {};
}

// Files that no manifest names are left from a crash between writing and committing. After damage
// to the manifest they may be what its lost edits named, and too little could be read of them to
// take them back; so they are kept aside. So are those of a manifest that is torn at its end.
Result<void> Shard::remove_orphans(bool manifest_damaged) {
  std::set<std::string> known;
  for (const auto& [id, sst] : manifest_->state().ssts()) known.insert(sst_path(id));
  for (const std::string& name : TRY(context_.files.list(folder_))) {
    const std::string path = join_path(folder_, name);
    if (name.ends_with(".tmp")) {
      remove_file(path);
      continue;
    }
    if (!name.ends_with(".sst")) continue;
    if (known.contains(path)) continue;
    if (!manifest_damaged && !manifest_->is_torn()) {
      remove_file(path);
      continue;
    }
    if (manifest_damaged) {
      log::error("shard.orphan_kept", {{"file", path}});
      context_.damage.add(path +
                          " is in no manifest, which was damaged; it was renamed to *.orphan");
    } else {
      log::warn("shard.orphan_kept", {{"file", path}, {"reason", "the manifest is torn"}});
    }
    if (const auto kept = context_.files.rename(path, path + ".orphan"); !kept) {
      log::warn("shard.rename_failed", {{"file", path}, {"error", kept.error().message}});
    }
  }
  return {};
}

// With the deletes that the manifest has for it.
std::shared_ptr<Table> Shard::make_table(TableId id, MergeMode mode) {
  if (auto table = tables_.find(id)) return table;
  auto table = tables_.find_or_make(id, mode, seed_);
  if (table) table->set_deletes(manifest_->state().deletes_of(id));
  return table;
}

// Files list series whose rows deletes hide.
void Shard::correct_all_series() {
  TableId last{};
  for (const auto& [name, known] : manifest_->state().deletes()) {
    const auto table = name.table == last ? nullptr : tables_.find(name.table);
    last = name.table;
    if (table) table->finish_delete(find_series_without_rows(*table, TimeRange{}));
  }
}

// True for rows that were flushed while those of another table could not be: then the log is kept
// from before. A flush takes all rows of a segment, and later rows have higher versions.
bool Shard::is_in_file(const WriteBatch& batch) const {
  const auto table = tables_.find(batch.table);
  if (!table) return false;
  const auto view = table->view();
  for (const SegmentView& segment : view->segments) {
    if (segment.id != batch.segment) continue;
    return std::ranges::any_of(segment.files, [&](const auto& file) {
      return !file->quarantined() && file->meta().version_last >= batch.version;
    });
  }
  return false;
}

Result<std::vector<OldSegment>> Shard::replay(const LiveTables& live,
                                              const std::set<TableId>& dropped) {
  const Lsn flushed = manifest_->state().flushed_lsn();
  const std::set<SegmentId>& segments_dropped = manifest_->state().dropped_segments();
  uint64_t record_count = 0;
  LoggedKeys keys(tables_);
  const auto visit = [&](DecodedRecord record) {
    auto& batches = record.batches;
    if (batches) {
      for (const WriteBatch& batch : *batches) {
        ids_seen_.add(batch.table);
        ids_seen_.add(batch.segment);
        for (const BatchColumn& column : batch.columns) ids_seen_.add(batch.table, column.id);
      }
      std::erase_if(*batches, [&](const WriteBatch& batch) {
        return !live.contains(batch.table) || dropped.contains(batch.table);
      });
      // Rows that do not come back may have brought the keys of others that do.
      std::erase_if(*batches, [&](const WriteBatch& batch) {
        const bool gone = raw(record.lsn) <= raw(flushed) ||
                          segments_dropped.contains(batch.segment) || is_in_file(batch);
        if (gone) keys.learn(batch);
        return gone;
      });
    }
    if (raw(record.lsn) <= raw(flushed)) return;
    if (batches) {
      for (WriteBatch& batch : *batches) {
        keys.complete(batch);
        static_cast<void>(make_table(batch.table, batch.mode));
      }
    }
    const auto lost = batches ? writer_.replay(record.lsn, std::move(*batches))
                              : Result<size_t>(fail(batches.error()));
    ++record_count;
    if (lost && *lost == 0) return;
    const std::string reason =
        lost ? "rows of " + std::to_string(*lost) + " series are left out, whose keys are lost"
             : lost.error().message;
    const std::string place = wal_folder_ + ": record " + std::to_string(raw(record.lsn)) +
                              " of generation " + std::to_string(record.generation) + " at byte " +
                              std::to_string(record.offset);
    log::error("wal.record_refused", {{"record", place}, {"error", reason}});
    context_.damage.add(place + ": " + reason);
  };
  WalReplay replay = TRY(replay_decoded_wal(context_.files, wal_folder_, visit));
  for (std::string& sentence : replay.damage) context_.damage.add(std::move(sentence));
  if (record_count > 0) log::info("wal.replayed", {{"folder", folder_}, {"records", record_count}});
  return std::move(replay.segments);
}

}  // namespace varve::engine
