// SPDX-License-Identifier: Apache-2.0
// From memtables to sorted files, and how tables end. All of it runs on the background thread,
// which alone commits to the manifest.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

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

std::shared_ptr<SstFile> Shard::use_file(const SstMeta& meta) {
  return std::make_shared<SstFile>(meta, sst_path(meta.id), context_.readers, context_.cache,
                                   context_.damage);
}

Result<std::shared_ptr<SstFile>> Shard::open_built(const SstMeta& meta) {
  auto file = use_file(meta);
  if (const auto reader = file->reader(); !reader) {
    remove_file(file->path());
    return fail(reader.error());
  }
  return file;
}

Result<void> Shard::commit(const ManifestEdit& edit) {
  if (const auto committed = manifest_->commit(edit); !committed) {
    for (const SstMeta& sst : edit.added) in_doubt_.push_back(sst_path(sst.id));
    return committed;
  }
  lsn_flushed_ = raw(manifest_->state().flushed_lsn);
  for (const std::string& path : std::exchange(in_doubt_, {})) remove_file(path);
  return {};
}

Result<void> Shard::settle() { return in_doubt_.empty() ? Result<void>() : commit({}); }

Result<bool> Shard::flush_now() {
  const int64_t began_ns = context_.clock.steady_ns();
  SealedMemtables sealed;
  if (!on_writer([&] { sealed = writer_.seal(); })) {
    return fail(ErrorCode::kCancelled, "the store is closing");
  }
  for (auto& memtable : sealed.memtables) sealed_.push_back({std::move(memtable), lsn_sealed_});
  lsn_sealed_ = std::max(lsn_sealed_, sealed.lsn);
  const bool has_work = !sealed_.empty() || raw(sealed.lsn) > lsn_flushed_;
  const auto flushed = has_work ? write_sealed(sealed) : Result<void>();
  if (!flushed) {
    flush_errors.add();
    flush_failed_ns_ = std::max<int64_t>(1, context_.clock.steady_ns());
    write_state_.flush_failed(flushed.error());
    log::error("shard.flush_failed", {{"folder", folder_}, {"error", flushed.error().message}});
    return fail(flushed.error());
  }
  flush_failed_ns_ = 0;
  write_state_.flush_ended_well();
  if (!has_work) return false;
  flush_runs.add();
  flush_seconds.observe(static_cast<double>(context_.clock.steady_ns() - began_ns) * 1e-9);
  return true;
}

/// The sealed memtables of one segment of a table, which become one file.
struct Shard::FlushPart {
  SegmentId segment{};
  std::shared_ptr<Table> table;
  std::vector<std::shared_ptr<const Memtable>> memtables;
  Lsn after{};                    // Their rows have higher numbers.
  std::shared_ptr<SstFile> file;  // Null: not built.
};

std::vector<Shard::FlushPart> Shard::parts_of_sealed() const {
  std::map<std::pair<TableId, SegmentId>, FlushPart> parts;
  for (const SealedMemtable& sealed : sealed_) {
    const Memtable& memtable = *sealed.memtable;
    FlushPart& part = parts[{memtable.table(), memtable.segment()}];
    if (part.memtables.empty()) {
      part.segment = memtable.segment();
      part.table = tables_.find(memtable.table());
      part.after = sealed.after;
    }
    part.memtables.push_back(sealed.memtable);
  }
  std::vector<FlushPart> of_tables;
  for (auto& [place, part] : parts) {
    if (part.table) of_tables.push_back(std::move(part));
  }
  return of_tables;
}

Result<void> Shard::build_part(FlushPart& part) {
  SstBuild build{.files = context_.files,
                 .options = context_.options,
                 .table = *part.table,
                 .path = {},
                 .id = manifest_->take_sst_id(),
                 .sources = {.id = part.segment,
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
  part.file = TRY(open_built(TRY(build_sst(build))));
  return {};
}

// The edit for all parts that can be built. A part that never will be must not keep the others in
// memory: `refused` then tells why, and its records stay in the log. After an error nothing stays.
Result<ManifestEdit> Shard::build_parts(std::vector<FlushPart>& parts,
                                        const SealedMemtables& sealed, Result<void>& refused) {
  ManifestEdit edit{.flushed_lsn = sealed.lsn, .version_highest = sealed.version_highest};
  Result<void> outcome;
  for (FlushPart& part : parts) {
    const auto built = build_part(part);
    if (built) {
      edit.added.push_back(part.file->meta());
      continue;
    }
    const auto code = built.error().code;
    if (code == ErrorCode::kNoSpace || code == ErrorCode::kIo) {
      outcome = built;
      break;
    }
    if (refused) refused = built;
    edit.flushed_lsn = std::min(edit.flushed_lsn, part.after);
  }
  if (outcome && !edit.added.empty()) outcome = context_.files.sync_directory(folder_);
  if (!outcome) {
    for (const SstMeta& sst : edit.added) remove_file(sst_path(sst.id));
    return fail(outcome.error());
  }
  // The log may keep rows of dropped tables too, so they must not be forgotten.
  const auto& dropped = manifest_->state().dropped;
  if (!refused) edit.dropped.assign(dropped.begin(), dropped.end());
  return edit;
}

// Takes what was built out of memory; gives its bytes.
size_t Shard::finish_parts(const std::vector<FlushPart>& parts) {
  std::set<const Memtable*> kept;
  for (const FlushPart& part : parts) {
    if (!part.file) {
      for (const auto& memtable : part.memtables) kept.insert(memtable.get());
      continue;
    }
    part.table->replace(part.segment, part.memtables, {}, part.file);
    flush_points.add(part.file->meta().row_count * part.file->meta().fields.size());
  }
  size_t bytes = 0;
  std::erase_if(sealed_, [&](const SealedMemtable& sealed) {
    if (kept.contains(sealed.memtable.get())) return false;
    bytes += sealed.memtable->size_bytes();
    return true;
  });
  return bytes;
}

// One file for each (table, segment), one edit for all of them: bytes first, names second, manifest
// third. A crash between any two leaves files that no manifest names, and the WAL.
Result<void> Shard::write_sealed(const SealedMemtables& sealed) {
  TRY_VOID(settle());
  auto parts = parts_of_sealed();
  Result<void> refused;
  const ManifestEdit edit = TRY(build_parts(parts, sealed, refused));
  TRY_VOID(commit(edit));
  const size_t flushed_bytes = finish_parts(parts);
  log::info("shard.flushed", {{"folder", folder_},
                              {"files", edit.added.size()},
                              {"memtable_bytes", flushed_bytes}});
  writer_.memtables_flushed(flushed_bytes);
  writer_.log().release(manifest_->state().flushed_lsn);
  return refused;
}

// The manifest first: from then on no restart brings the rows back. Then memory, then the files.
Result<void> Shard::drop_now(const std::vector<TableId>& dropped) {
  const auto is_dropped = [&](TableId id) { return std::ranges::count(dropped, id) > 0; };
  std::vector<std::string> paths;
  for (const auto& [id, sst] : manifest_->state().ssts) {
    if (is_dropped(sst.table)) paths.push_back(sst_path(id));
  }
  TRY_VOID(commit({.dropped = dropped}));
  const bool asked = on_writer([&] {
    size_t bytes = 0;
    for (const TableId id : dropped) {
      if (const auto table = tables_.find(id)) bytes += table->memtable_bytes();
      tables_.drop(id);
    }
    writer_.memtables_flushed(bytes);
  });
  std::erase_if(sealed_, [&](const SealedMemtable& sealed) {
    return is_dropped(sealed.memtable->table());
  });
  for (const std::string& path : paths) remove_file(path);
  log::info("shard.dropped", {{"folder", folder_}, {"tables", dropped.size()}});
  return asked ? Result<void>() : fail(ErrorCode::kCancelled, "the store is closing");
}

}  // namespace varve::engine
