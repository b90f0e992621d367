// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/series_snapshots.h"

#include <algorithm>

#include "base/log.h"

namespace varve::engine {
namespace {

constexpr std::string_view kSuffix = ".series";

}  // namespace

std::string SeriesSnapshots::path(TableId table) const {
  return join_path(folder_, std::to_string(raw(table)) + std::string(kSuffix));
}

Result<LoadedSnapshot> SeriesSnapshots::read(const Table& table, uint64_t seed,
                                             const std::vector<SstMeta>& files) const {
  std::map<uint64_t, SegmentId> segment_of;
  for (const SstMeta& meta : files) segment_of.emplace(raw(meta.id), meta.segment);
  const auto is_current = [&](const SnapshotSegment& segment) {
    return std::ranges::all_of(segment.files, [&](uint64_t file) {
      const auto known = segment_of.find(file);
      return known != segment_of.end() && known->second == segment.id;
    });
  };
  const auto file = TRY(files_.open(path(table.id()), FileSystem::OpenMode::kRead));
  return read_index_snapshot(*file, {.table = table.id(), .mode = table.mode()}, seed, is_current);
}

std::set<SstId> SeriesSnapshots::load(Table& table, uint64_t seed,
                                      const std::vector<SstMeta>& files) {
  auto snapshot = read(table, seed, files);
  if (!snapshot) {
    if (snapshot.error().code != ErrorCode::kNotFound) {
      log::warn("series_snapshot.not_used",
                {{"file", path(table.id())}, {"error", snapshot.error().message}});
    }
    return {};
  }
  std::set<SstId>& covered = covered_[table.id()];
  for (const SnapshotSegment& segment : snapshot->segments) {
    for (const uint64_t file : segment.files) covered.insert(SstId{file});
  }
  table.load_series(std::move(*snapshot));
  log::info("series_snapshot.read", {{"file", path(table.id())},
                                     {"series", table.index().series_count()},
                                     {"sorted_files", covered.size()}});
  return covered;
}

void SeriesSnapshots::keep_only(const std::vector<TableId>& tables) {
  const auto names = files_.list(folder_);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.ends_with(kSuffix)) continue;
    const auto is_of = [&](TableId table) { return path(table) == join_path(folder_, name); };
    if (std::ranges::any_of(tables, is_of)) continue;
    if (const auto removed = files_.remove(join_path(folder_, name)); !removed) {
      log::warn("series_snapshot.remove_failed", {{"error", removed.error().message}});
    }
  }
}

void SeriesSnapshots::write_if_it_pays(const Table& table, When when) {
  const uint64_t series_min = std::max<uint64_t>(options_.series_snapshot_series_min, 1);
  const uint64_t series_count = table.index().series_count();
  if (series_count < series_min) return;
  // A start reads so many entries of directories now; a snapshot costs one for each series.
  uint64_t entries = 0;
  std::vector<SnapshotSegment> segments;
  const auto& covered = covered_[table.id()];
  const auto view = table.view();
  for (const SegmentView& segment : view->segments) {
    if (segment.files.empty()) continue;
    SnapshotSegment& part = segments.emplace_back();
    part.id = segment.id;
    part.range = segment.range;
    for (const auto& file : segment.files) {
      part.files.push_back(raw(file->meta().id));
      if (!covered.contains(file->meta().id)) entries += file->meta().series_count;
    }
    std::ranges::sort(part.files);
  }
  const uint64_t entries_min =
      when == When::kAtClose ? 1 : std::max<uint64_t>(series_count, series_min);
  if (entries < entries_min) return;
  size_t next = 0;
  for (const SegmentView& segment : view->segments) {
    if (!segment.files.empty()) segments[next++].series = segment.series->settled();
  }
  if (const auto written = write(table, segments); !written) {
    log::warn("series_snapshot.write_failed",
              {{"file", path(table.id())}, {"error", written.error().message}});
    return;
  }
  std::set<SstId> now;
  for (const SnapshotSegment& segment : segments) {
    for (const uint64_t file : segment.files) now.insert(SstId{file});
  }
  covered_[table.id()] = std::move(now);
}

// A crash leaves the old file or the new one; either tells what it covers.
Result<void> SeriesSnapshots::write(const Table& table,
                                    const std::vector<SnapshotSegment>& segments) {
  const std::string temporary = path(table.id()) + ".tmp";
  if (TRY(files_.exists(temporary))) TRY_VOID(files_.remove(temporary));
  const auto file = TRY(files_.open(temporary, FileSystem::OpenMode::kCreate));
  Result<void> outcome = write_index_snapshot(
      *file, {.table = table.id(), .mode = table.mode()}, table.index(), segments);
  if (outcome) outcome = files_.rename(temporary, path(table.id()));
  if (!outcome) {
    static_cast<void>(files_.remove(temporary));
    return outcome;
  }
  return files_.sync_directory(folder_);
}

void SeriesSnapshots::remove(TableId table) {
  covered_.erase(table);
  const auto removed = files_.remove(path(table));
  if (!removed && removed.error().code != ErrorCode::kNotFound) {
    log::warn("series_snapshot.remove_failed", {{"error", removed.error().message}});
  }
}

}  // namespace varve::engine
