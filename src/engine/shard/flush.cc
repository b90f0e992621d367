// SPDX-License-Identifier: Apache-2.0
// From memtables to sorted files. All of it runs on the background thread, which alone commits to
// the manifest.
#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>
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
metrics::Gauge& pending_deletes = metrics::gauge(
    "varve_deletes_pending", "Deletes that are not yet applied to every file.");
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
  lsn_flushed_ = raw(manifest_->state().flushed_lsn());
  for (const std::string& path : std::exchange(in_doubt_, {})) remove_file(path);
  const uint64_t deletes = manifest_->state().deletes().size();
  pending_deletes.add(static_cast<int64_t>(deletes) - static_cast<int64_t>(deletes_known_));
  deletes_known_ = deletes;
  changes_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Result<void> Shard::settle() { return in_doubt_.empty() ? Result<void>() : commit({}); }

Result<bool> Shard::flush_now() {
  const int64_t began_ns = context_.clock.steady_ns();
  SealedMemtables sealed;
  const auto seal = [&] {
    sealed = writer_.seal();
    for (const auto& table : tables_.all()) table->settle_series();
  };
  if (!on_writer(seal)) {
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
  write_snapshots(SeriesSnapshots::When::kAfterFlush);
  return true;
}

void Shard::write_snapshots(SeriesSnapshots::When when) {
  // What could not be flushed is in no file, but its series are settled.
  if (!sealed_.empty()) return;
  const auto tables = tables_.all();
  for (const auto& table : tables) snapshots_.write_if_it_pays(*table, when);
  snapshots_.write_shared_if_it_pays(tables, when);
}

/// Sealed memtables that become one file.
struct Shard::FlushPart {
  std::vector<std::shared_ptr<const Memtable>> memtables;
  std::shared_ptr<SstFile> file;  // Null: not built, or no row was left.
  Version deletes_applied;
};

/// The sealed memtables of one segment of a table. They go to files together: a file with rows of
/// the segment says that no older ones are in the log alone.
struct Shard::FlushUnit {
  SegmentId segment{};
  std::shared_ptr<Table> table;
  std::shared_ptr<const DeleteSet> deletes;
  std::vector<FlushPart> parts;  // Oldest first.
  Lsn after{};                   // Their rows have higher numbers.
  size_t size_bytes = 0;
};

// Largest first, so that memory comes back early.
std::vector<Shard::FlushUnit> Shard::units_of_sealed() {
  std::map<std::pair<TableId, SegmentId>, FlushUnit> by_place;
  for (const SealedMemtable& sealed : sealed_) {
    const Memtable& memtable = *sealed.memtable;
    FlushUnit& unit = by_place[{memtable.table(), memtable.segment()}];
    if (unit.parts.empty()) {
      unit.segment = memtable.segment();
      unit.table = tables_.find(memtable.table());
      unit.after = sealed.after;
      unit.parts.emplace_back();
    }
    unit.parts.front().memtables.push_back(sealed.memtable);
    unit.size_bytes += memtable.size_bytes();
  }
  std::vector<FlushUnit> units;
  for (auto& [place, unit] : by_place) {
    if (!unit.table) continue;
    cut_at_deletes(unit);
    units.push_back(std::move(unit));
  }
  std::ranges::stable_sort(units, std::ranges::greater(), &FlushUnit::size_bytes);
  return units;
}

// A delete on fields is judged on all cells that are older. Where files have some of them, only a
// merge with those files can apply it: until then what is older and what is newer stays apart.
void Shard::cut_at_deletes(FlushUnit& unit) const {
  const auto view = unit.table->view();
  unit.deletes = view->deletes;
  unit.parts.front().deletes_applied = unit.deletes->version_last();
  if (unit.deletes->empty()) return;
  const auto segment = std::ranges::find(view->segments, unit.segment, &SegmentView::id);
  if (segment == view->segments.end()) return;
  Version oldest = unit.deletes->version_last();
  for (const auto& file : segment->files) oldest = std::min(oldest, file->deletes_applied());
  auto memtables = std::move(unit.parts.front().memtables);
  unit.parts.clear();
  for (const Version& line : unit.deletes->field_versions(segment->range)) {
    if (line <= oldest) continue;
    const auto newer = std::ranges::find_if(
        memtables, [&](const auto& memtable) { return memtable->deletes_applied() >= line; });
    if (newer == memtables.begin()) continue;
    unit.parts.push_back({.memtables = {memtables.begin(), newer},
                          .file = nullptr,
                          .deletes_applied = unit.deletes->version_before(line)});
    memtables.erase(memtables.begin(), newer);
  }
  if (memtables.empty()) return;
  unit.parts.push_back({.memtables = std::move(memtables),
                        .file = nullptr,
                        .deletes_applied = unit.deletes->version_last()});
}

Result<void> Shard::build_part(const FlushUnit& unit, FlushPart& part) {
  SstBuild build{.files = context_.files,
                 .options = context_.options,
                 .table = *unit.table,
                 .path = {},
                 .id = manifest_->take_sst_id(),
                 .sources = {.id = unit.segment,
                             .range = part.memtables.front()->range(),
                             .files = {},
                             .memtables = part.memtables,
                             .series = {}},
                 .fields = {},
                 .version_first = part.memtables.front()->version_first(),
                 .version_last = part.memtables.back()->version_last(),
                 .deletes = DeleteSet::up_to(unit.deletes, part.deletes_applied),
                 .deletes_applied = part.deletes_applied,
                 .proceed = {}};
  build.path = sst_path(build.id);
  for (const auto& memtable : part.memtables) memtable->collect_columns(build.fields);
  sort_and_deduplicate(build.fields);
  if (const auto meta = TRY(build_sst(build))) part.file = TRY(open_built(*meta));
  return {};
}

Result<void> Shard::build_unit(FlushUnit& unit, ManifestEdit& edit) {
  Result<void> built;
  for (FlushPart& part : unit.parts) {
    if (built) built = build_part(unit, part);
  }
  for (FlushPart& part : unit.parts) {
    if (!part.file) continue;
    if (built) {
      edit.added.push_back(part.file->meta());
    } else {
      remove_file(part.file->path());
    }
  }
  return built;
}

// Builds and commits some units, about `flush_bytes` of memtables or all of them; takes those out.
// Bytes first, names second, manifest third. A crash between any two leaves files that no manifest
// names, and the log. A unit that never can be built must not keep the others in memory: it goes to
// `refused`, and its records stay in the log.
Result<void> Shard::flush_some(std::deque<FlushUnit>& units, const SealedMemtables& sealed,
                               Refused& refused) {
  const size_t bytes_max = context_.options.memtable_bytes_max / 4;
  ManifestEdit edit{.version_highest = sealed.version_highest};
  std::vector<FlushUnit> done;
  size_t bytes = 0;
  Result<void> outcome;
  while (outcome && !units.empty() && bytes <= bytes_max) {
    FlushUnit unit = std::move(units.front());
    units.pop_front();
    const auto built = build_unit(unit, edit);
    bytes += unit.size_bytes;
    if (built) {
      done.push_back(std::move(unit));
      continue;
    }
    const auto code = built.error().code;
    if (code == ErrorCode::kNoSpace || code == ErrorCode::kIo) outcome = built;
    if (refused.why) refused.why = built;
    refused.after = std::min(refused.after, unit.after);
  }
  if (outcome && !edit.added.empty()) outcome = context_.files.sync_directory(folder_);
  if (!outcome) {
    for (const SstMeta& sst : edit.added) remove_file(sst_path(sst.id));
    return outcome;
  }
  if (units.empty()) {
    edit.flushed_lsn = std::min(sealed.lsn, refused.after);
    // The log may keep rows of what was dropped too, so that must not be forgotten.
    if (!refused.why) {
      const ManifestState& state = manifest_->state();
      edit.dropped.assign(state.dropped().begin(), state.dropped().end());
      edit.dropped_segments.assign(state.dropped_segments().begin(),
                                   state.dropped_segments().end());
    }
  }
  TRY_VOID(commit(edit));
  finish_units(done);
  return {};
}

// Takes what is in files out of memory.
void Shard::finish_units(const std::vector<FlushUnit>& units) {
  std::set<const Memtable*> done;
  for (const FlushUnit& unit : units) {
    for (const FlushPart& part : unit.parts) {
      unit.table->replace(unit.segment, part.memtables, {}, part.file);
      for (const auto& memtable : part.memtables) done.insert(memtable.get());
      if (part.file) {
        flush_points.add(part.file->meta().row_count * part.file->meta().fields.size());
      }
    }
  }
  size_t bytes = 0;
  std::erase_if(sealed_, [&](const SealedMemtable& sealed) {
    if (!done.contains(sealed.memtable.get())) return false;
    bytes += sealed.memtable->size_bytes();
    return true;
  });
  writer_.memtables_flushed(bytes);
}

Result<void> Shard::write_sealed(const SealedMemtables& sealed) {
  TRY_VOID(settle());
  auto all = units_of_sealed();
  std::deque<FlushUnit> units(std::make_move_iterator(all.begin()),
                              std::make_move_iterator(all.end()));
  Refused refused;
  do {
    TRY_VOID(flush_some(units, sealed, refused));
  } while (!units.empty());
  log::info("shard.flushed", {{"folder", folder_}, {"units", all.size()}});
  writer_.log().release(manifest_->state().flushed_lsn());
  if (const auto forgotten = forget_deletes(); !forgotten) {
    log::warn("shard.forget_failed", {{"error", forgotten.error().message}});
  }
  return refused.why;
}

}  // namespace varve::engine
