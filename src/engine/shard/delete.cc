// SPDX-License-Identifier: Apache-2.0
// How rows are deleted: a line between older and newer rows, a record in the manifest, and the list
// of series put right. docs/decisions/0014-years-of-data.md has the whole.
#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/metrics.h"
#include "engine/predicate/tag_filter.h"
#include "engine/shard/live_rows.h"
#include "engine/shard/shard.h"

namespace varve::engine {
namespace {

metrics::Counter& deletes_made =
    metrics::counter("varve_deletes_total", "Deletes of rows that were acknowledged.");

// True when something of the table may hold rows of the range.
bool has_sources(const TableView& view, const TimeRange& range) {
  return std::ranges::any_of(view.segments, [&](const SegmentView& segment) {
    return segment.range.overlaps(range) && !(segment.files.empty() && segment.memtables.empty());
  });
}

}  // namespace

Result<void> Shard::remove(const DeleteSpec& spec) {
  TRY_VOID(check_field_patterns(spec.predicate));
  const auto table = tables_.find(spec.table);
  if (!table || spec.range.empty() || spec.predicate.is_always_false()) return {};
  static_cast<void>(TRY(TagFilter::compile(spec.predicate, table->index())));
  const std::lock_guard lock(remove_mutex_);
  TRY_VOID(background_.run([&] { return add_delete(spec, *table); }));
  const SeriesBySegment without_rows = find_series_without_rows(*table, spec.range);
  if (!on_writer([&] { table->finish_delete(without_rows); })) {
    return fail(ErrorCode::kCancelled, "the store is closing");
  }
  deletes_made.add();
  compaction_.wake();
  return {};
}

// The line first: rows that arrive while the manifest is written are newer. Should the commit fail,
// the line stays and hides nothing.
Result<void> Shard::add_delete(const DeleteSpec& spec, Table& table) {
  if (table.dropped() || !has_sources(*table.view(), spec.range)) return {};
  DeleteLine line;
  if (!on_writer([&] { line = writer_.begin_delete(table, spec.range); })) {
    return fail(ErrorCode::kCancelled, "the store is closing");
  }
  TableDelete added{.table = spec.table,
                    .version = line.version,
                    .lsn = line.lsn,
                    .range = spec.range,
                    .predicate = spec.predicate};
  std::vector<Version> covered = table.view()->deletes->covered_by(added);
  std::ranges::sort(covered);
  ManifestEdit edit;
  edit.deletes.push_back(added);
  for (const Version& version : covered) {
    edit.forgotten.push_back({.table = spec.table, .version = version});
  }
  TRY_VOID(commit(edit));
  table.add_delete(std::move(added), covered);
  log::info("shard.deleted", {{"folder", folder_}, {"table", raw(spec.table)}});
  return {};
}

SeriesBySegment Shard::find_series_without_rows(const Table& table,
                                                const TimeRange& range) const {
  SeriesBySegment without_rows;
  const auto view = table.view();
  for (const SegmentView& segment : view->segments) {
    if (!segment.range.overlaps(range)) continue;
    auto without = series_without_rows(table, segment, view->deletes);
    // The rows are gone all the same; the list of series is right again after the next delete or
    // restart.
    if (!without) {
      log::warn("shard.series_unknown", {{"error", without.error().message}});
      continue;
    }
    if (!without->empty()) without_rows.emplace(segment.id, std::move(*without));
  }
  return without_rows;
}

std::vector<Version> Shard::needless_deletes(TableId table) const {
  const ManifestState& state = manifest_->state();
  const auto files = state.ssts_of(table);
  std::vector<Version> needless;
  for (const TableDelete& known : state.deletes_of(table)) {
    if (raw(known.lsn) > raw(state.flushed_lsn())) break;  // So are all later ones.
    const auto is_older = [&](const SstMeta* sst) {
      const TimeRange times{.begin_ns = sst->time_first_ns, .end_ns = sst->time_last_ns + 1};
      return sst->deletes_applied < known.version && times.overlaps(known.range);
    };
    if (std::ranges::none_of(files, is_older)) needless.push_back(known.version);
  }
  return needless;
}

Result<void> Shard::forget_deletes() {
  ManifestEdit edit;
  std::map<TableId, std::vector<Version>> by_table;
  TableId last{};
  for (const auto& [name, known] : manifest_->state().deletes()) {
    if (!by_table.empty() && name.table == last) continue;
    last = name.table;
    by_table[last] = needless_deletes(last);
    for (const Version& version : by_table[last]) {
      edit.forgotten.push_back({.table = last, .version = version});
    }
  }
  if (edit.forgotten.empty()) return {};
  TRY_VOID(commit(edit));
  for (const auto& [id, versions] : by_table) {
    const auto table = tables_.find(id);
    if (table && !versions.empty()) table->forget_deletes(versions);
  }
  return {};
}

}  // namespace varve::engine
