// SPDX-License-Identifier: Apache-2.0
// From memtables to sorted files, and how tables end. All of it runs on the background thread,
// which alone commits to the manifest.
#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/shard/shard.h"
#include "engine/shard/sst_build.h"

namespace varve::engine {
namespace {

metrics::Counter& flush_runs =
    metrics::counter("varve_flush_runs_total", "Flushes that ended well.");
metrics::Counter& flush_errors =
    metrics::counter("varve_flush_errors_total", "Flushes that failed; they are tried again.");
metrics::Counter& flush_points = metrics::counter(
    "varve_flush_points_total", "Field values written to sorted files by flushes.");
metrics::Histogram& flush_seconds =
    metrics::histogram("varve_flush_duration_seconds", "Time that a flush took.");

}  // namespace

Result<std::shared_ptr<SstFile>> Shard::open_file(const SstMeta& meta) {
  auto reader = TRY(open_sst(context_.files, sst_path(meta.id)));
  if (reader->table() != meta.table || reader->segment() != meta.segment ||
      reader->row_count() != meta.row_count) {
    return fail(ErrorCode::kCorrupt,
                sst_path(meta.id) + " is not the file that the manifest names");
  }
  return std::make_shared<SstFile>(meta, std::move(reader), context_.cache, context_.damage);
}

Result<void> Shard::flush_now() {
  const int64_t began_ns = context_.clock.steady_ns();
  SealedMemtables sealed;
  if (!on_writer([&] { sealed = writer_.seal(); })) {
    return fail(ErrorCode::kCancelled, "the store is closing");
  }
  sealed_.insert(sealed_.end(), sealed.memtables.begin(), sealed.memtables.end());
  if (sealed_.empty()) return {};
  const auto flushed = write_sealed(sealed);
  if (!flushed) {
    flush_errors.add();
    flush_failed_ns_ = std::max<int64_t>(1, context_.clock.steady_ns());
    log::error("shard.flush_failed", {{"folder", folder_}, {"error", flushed.error().message}});
    return flushed;
  }
  flush_failed_ns_ = 0;
  flush_runs.add();
  flush_seconds.observe(static_cast<double>(context_.clock.steady_ns() - began_ns) * 1e-9);
  return {};
}

// One file for each (table, segment), one edit for all of them: bytes first, names second, manifest
// third. A crash between any two leaves files that no manifest names, and the WAL.
Result<void> Shard::write_sealed(const SealedMemtables& sealed) {
  struct Flushed {
    std::shared_ptr<Table> table;
    std::vector<std::shared_ptr<const Memtable>> memtables;
    std::shared_ptr<SstFile> file;
  };
  std::map<std::pair<TableId, SegmentId>, Flushed> parts;
  for (const auto& memtable : sealed_) {
    Flushed& part = parts[{memtable->table(), memtable->segment()}];
    part.table = tables_.find(memtable->table());
    if (part.table) part.memtables.push_back(memtable);
  }
  ManifestEdit edit{.flushed_lsn = sealed.lsn, .version_highest = sealed.version_highest};
  for (auto& [place, part] : parts) {
    if (!part.table) continue;
    SstBuild build{.files = context_.files,
                   .options = context_.options,
                   .table = *part.table,
                   .path = {},
                   .id = manifest_->take_sst_id(),
                   .sources = {.id = place.second,
                               .range = part.memtables.front()->range(),
                               .files = {},
                               .memtables = part.memtables,
                               .series = {}},
                   .fields = {},
                   .version_first = part.memtables.front()->version_first(),
                   .version_last = part.memtables.back()->version_last()};
    build.path = sst_path(build.id);
    for (const auto& memtable : part.memtables) memtable->collect_columns(build.fields);
    sort_and_deduplicate(build.fields);
    edit.added.push_back(TRY(build_sst(build)));
    part.file = TRY(open_file(edit.added.back()));
  }
  if (!edit.added.empty()) TRY_VOID(context_.files.sync_directory(folder_));
  TRY_VOID(manifest_->commit(edit));
  size_t flushed_bytes = 0;
  for (auto& [place, part] : parts) {
    if (!part.table) continue;
    part.table->replace(place.second, part.memtables, {}, part.file);
    flush_points.add(part.file->meta().row_count * part.file->meta().fields.size());
  }
  for (const auto& memtable : sealed_) flushed_bytes += memtable->size_bytes();
  log::info("shard.flushed", {{"folder", folder_},
                              {"files", edit.added.size()},
                              {"memtable_bytes", flushed_bytes}});
  sealed_.clear();
  writer_.memtables_flushed(flushed_bytes);
  writer_.log().release(sealed.lsn);
  return {};
}

// The manifest first: from then on no restart brings the rows back. Then memory, then the files.
Result<void> Shard::drop_now(const std::vector<TableId>& dropped) {
  const auto is_dropped = [&](TableId id) { return std::ranges::count(dropped, id) > 0; };
  std::vector<std::string> paths;
  for (const auto& [id, sst] : manifest_->state().ssts) {
    if (is_dropped(sst.table)) paths.push_back(sst_path(id));
  }
  TRY_VOID(manifest_->commit({.dropped = dropped}));
  const bool asked = on_writer([&] {
    size_t bytes = 0;
    for (const TableId id : dropped) {
      if (const auto table = tables_.find(id)) bytes += table->memtable_bytes();
      tables_.drop(id);
    }
    writer_.memtables_flushed(bytes);
  });
  std::erase_if(sealed_, [&](const auto& memtable) { return is_dropped(memtable->table()); });
  for (const std::string& path : paths) remove_file(path);
  log::info("shard.dropped", {{"folder", folder_}, {"tables", dropped.size()}});
  return asked ? Result<void>() : fail(ErrorCode::kCancelled, "the store is closing");
}

}  // namespace varve::engine
