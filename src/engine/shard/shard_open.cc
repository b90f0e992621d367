// SPDX-License-Identifier: Apache-2.0
// How a shard comes back after a stop, a crash or a power failure.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/shard/shard.h"
#include "engine/wal/local_log.h"
#include "engine/wal/wal_replay.h"

namespace varve::engine {

Result<void> Shard::recover(const std::vector<TableId>& live_tables) {
  FileSystem& files = context_.files;
  TRY_VOID(files.create_directories(wal_folder_));
  manifest_ = TRY(Manifest::open(files, folder_));
  for (const std::string& sentence : manifest_->damage()) context_.damage.add(sentence);
  const bool manifest_damaged = !manifest_->damage().empty();

  ManifestEdit edit;
  const std::set<TableId> live(live_tables.begin(), live_tables.end());
  for (const auto& [id, sst] : manifest_->state().ssts) {
    if (!live.contains(sst.table)) edit.dropped.push_back(sst.table);
  }
  const std::set<TableId> dropped = manifest_->state().dropped;
  const auto committed = manifest_->commit(edit);
  if (!committed && committed.error().code != ErrorCode::kNoSpace) return committed;
  // A full disk can still be read: the next commit begins the new manifest.
  if (!committed) log::warn("manifest.no_space", {{"error", committed.error().message}});

  TRY_VOID(open_files(live_tables));
  if (committed) TRY_VOID(remove_orphans(manifest_damaged));
  const auto segments = TRY(replay(live, dropped));

  Version version = manifest_->state().version_highest;
  for (const auto& [id, sst] : manifest_->state().ssts) {
    version = std::max(version, sst.version_last);
  }
  const Lsn flushed = manifest_->state().flushed_lsn;
  auto log = std::make_unique<LocalLog>(
      LocalLogOptions{.folder = wal_folder_,
                      .segment_bytes = context_.options.wal_segment_bytes,
                      .segments_recycled_max = context_.options.wal_segments_recycled_max},
      files, context_.clock, context_.random, segments);
  log->release(flushed);
  writer_.start(std::move(log), flushed, version);
  return {};
}

Result<void> Shard::open_files(const std::vector<TableId>& live_tables) {
  const std::set<TableId> live(live_tables.begin(), live_tables.end());
  for (const auto& [id, sst] : manifest_->state().ssts) {
    if (!live.contains(sst.table)) continue;
    auto file = open_file(sst);
    if (!file) {
      const auto code = file.error().code;
      if (code != ErrorCode::kCorrupt && code != ErrorCode::kNotFound) return fail(file.error());
      report_damaged_sst(context_.damage, sst_path(id), file.error());
      continue;
    }
    const auto table = tables_.find_or_make(sst.table, sst.mode, seed_);
    if (const auto added = table->add_file(*file); !added) (*file)->quarantine(added.error());
  }
  return {};
}

// Files that no manifest names are left from a crash between writing and committing. After damage
// to the manifest they may be what its lost edits named, so they are kept aside.
Result<void> Shard::remove_orphans(bool keep) {
  for (const std::string& name : TRY(context_.files.list(folder_))) {
    const std::string path = join_path(folder_, name);
    if (name.ends_with(".tmp")) {
      remove_file(path);
      continue;
    }
    if (!name.ends_with(".sst")) continue;
    const auto known = [&](const auto& entry) { return sst_path(entry.first) == path; };
    if (std::ranges::any_of(manifest_->state().ssts, known)) continue;
    if (!keep) {
      remove_file(path);
      continue;
    }
    log::error("shard.orphan_kept", {{"file", path}});
    context_.damage.add(path + " is in no manifest, which was damaged; it was renamed to *.orphan");
    if (const auto kept = context_.files.rename(path, path + ".orphan"); !kept) {
      log::warn("shard.rename_failed", {{"file", path}, {"error", kept.error().message}});
    }
  }
  return {};
}

Result<std::vector<OldSegment>> Shard::replay(const std::set<TableId>& live,
                                              const std::set<TableId>& dropped) {
  const Lsn flushed = manifest_->state().flushed_lsn;
  uint64_t record_count = 0;
  const auto visit = [&](uint64_t generation, const WalRecord& record) {
    if (raw(record.lsn) <= raw(flushed)) return;
    auto batches = decode_wal_body(record.body);
    Result<void> replayed;
    if (batches) {
      std::erase_if(*batches, [&](const WriteBatch& batch) {
        return !live.contains(batch.table) || dropped.contains(batch.table);
      });
      replayed = writer_.replay(record.lsn, std::move(*batches));
    } else {
      replayed = fail(batches.error());
    }
    ++record_count;
    if (replayed) return;
    const std::string place = wal_folder_ + ": record " + std::to_string(raw(record.lsn)) +
                              " of generation " + std::to_string(generation) + " at byte " +
                              std::to_string(record.offset);
    log::error("wal.record_refused", {{"record", place}, {"error", replayed.error().message}});
    context_.damage.add(place + ": " + replayed.error().message);
  };
  WalReplay replay = TRY(replay_wal(context_.files, wal_folder_, visit));
  for (std::string& sentence : replay.damage) context_.damage.add(std::move(sentence));
  if (record_count > 0) log::info("wal.replayed", {{"folder", folder_}, {"records", record_count}});
  return std::move(replay.segments);
}

}  // namespace varve::engine
