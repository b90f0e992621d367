// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/series_snapshots.h"

#include <algorithm>

#include "base/log.h"

namespace varve::engine {
namespace {

constexpr std::string_view kSuffix = ".series";
constexpr std::string_view kSharedName = "shared.series";
// To open a file takes as long as to read so many entries of its directory.
constexpr uint64_t kFileEntries = 200;
// So does a table with a single series in a snapshot.
constexpr uint64_t kTableEntries = 20;

}  // namespace

std::string SeriesSnapshots::path(const std::string& folder, TableId table) {
  return join_path(folder, std::to_string(raw(table)) + std::string(kSuffix));
}

std::string SeriesSnapshots::shared_path(const std::string& folder) {
  return join_path(folder, kSharedName);
}

void SeriesSnapshots::load_shared(uint64_t seed, const std::map<SstId, SstMeta>& files) {
  if (files.empty()) return;
  const std::string path = shared_path(folder_);
  const auto file = files_.open(path, FileSystem::OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return;
  const auto is_current = [&](TableId table, const SnapshotSegment& segment) {
    return std::ranges::all_of(segment.files, [&](uint64_t number) {
      const auto known = files.find(SstId{number});
      return known != files.end() && known->second.table == table &&
             known->second.segment == segment.id;
    });
  };
  const auto visit = [&](const SnapshotHeader& header, LoadedSnapshot snapshot) {
    if (snapshot.segments.empty()) return;
    shared_[header.table] = {.mode = header.mode, .snapshot = std::move(snapshot)};
  };
  const auto read = file ? read_shared_snapshot(**file, seed, is_current, visit)
                         : Result<void>(fail(file.error()));
  if (!read) {
    log::warn("series_snapshot.not_used", {{"file", path}, {"error", read.error().message}});
  }
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
  auto shared = shared_.extract(table.id());
  auto snapshot = read(table, seed, files);
  if (!snapshot && snapshot.error().code != ErrorCode::kNotFound) {
    log::warn("series_snapshot.not_used",
              {{"file", path(table.id())}, {"error", snapshot.error().message}});
  }
  const bool is_own = snapshot.has_value();
  if (!is_own) {
    if (shared.empty() || shared.mapped().mode != table.mode()) return {};
    snapshot = std::move(shared.mapped().snapshot);
  }
  cover(table.id(), snapshot->segments);
  table.load_series(std::move(*snapshot));
  const std::set<SstId>& covered = covered_[table.id()];
  if (is_own) {
    log::info("series_snapshot.read", {{"file", path(table.id())},
                                       {"series", table.index().series_count()},
                                       {"sorted_files", covered.size()}});
  }
  return covered;
}

void SeriesSnapshots::keep_only(const std::vector<TableId>& tables) {
  const auto names = files_.list(folder_);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.ends_with(kSuffix) || name == kSharedName) continue;
    const auto is_of = [&](TableId table) { return path(table) == join_path(folder_, name); };
    if (std::ranges::any_of(tables, is_of)) continue;
    if (const auto removed = files_.remove(join_path(folder_, name)); !removed) {
      log::warn("series_snapshot.remove_failed", {{"error", removed.error().message}});
    }
  }
}

SeriesSnapshots::Content SeriesSnapshots::content_of(TableId table, const TableView& view) const {
  Content content;
  const auto covered = covered_.find(table);
  for (const SegmentView& segment : view.segments) {
    if (segment.files.empty()) continue;
    SnapshotSegment& part = content.segments.emplace_back();
    part.id = segment.id;
    part.range = segment.range;
    for (const auto& file : segment.files) {
      part.files.push_back(raw(file->meta().id));
      if (covered != covered_.end() && covered->second.contains(file->meta().id)) continue;
      ++content.files_left;
      content.entries_left += file->meta().series_count;
    }
    std::ranges::sort(part.files);
  }
  return content;
}

void SeriesSnapshots::add_series(const TableView& view, std::vector<SnapshotSegment>& segments) {
  size_t next = 0;
  for (const SegmentView& segment : view.segments) {
    if (!segment.files.empty()) segments[next++].series = segment.series->settled();
  }
}

void SeriesSnapshots::cover(TableId table, const std::vector<SnapshotSegment>& segments) {
  std::set<SstId>& covered = covered_[table];
  covered.clear();
  for (const SnapshotSegment& segment : segments) {
    for (const uint64_t file : segment.files) covered.insert(SstId{file});
  }
}

void SeriesSnapshots::write_if_it_pays(const Table& table, When when) {
  const uint64_t series_min = std::max<uint64_t>(options_.series_snapshot_series_min, 1);
  const uint64_t series_count = table.index().series_count();
  if (series_count < series_min) return;
  const auto view = table.view();
  Content content = content_of(table.id(), *view);
  // A start reads so many entries of directories now; a snapshot costs one for each series.
  const uint64_t entries_min =
      when == When::kAtClose ? 1 : std::max<uint64_t>(series_count, series_min);
  if (content.entries_left < entries_min) return;
  add_series(*view, content.segments);
  const auto written = replace(path(table.id()), [&](File& file) {
    return write_index_snapshot(file, {.table = table.id(), .mode = table.mode()}, table.index(),
                                content.segments);
  });
  if (written) cover(table.id(), content.segments);
}

void SeriesSnapshots::write_shared_if_it_pays(const std::vector<std::shared_ptr<Table>>& tables,
                                              When when) {
  struct Part {
    const Table* table = nullptr;
    std::shared_ptr<const TableView> view;
    Content content;
  };
  std::vector<Part> parts;
  uint64_t files_left = 0;
  uint64_t entries_left = 0;
  uint64_t entries = 0;
  for (const auto& table : tables) {
    const uint64_t series_count = table->index().series_count();
    if (series_count >= std::max<uint64_t>(options_.series_snapshot_series_min, 1)) continue;
    Part part{.table = table.get(), .view = table->view(), .content = {}};
    part.content = content_of(table->id(), *part.view);
    if (part.content.segments.empty()) continue;
    files_left += part.content.files_left;
    entries_left += part.content.files_left * kFileEntries + part.content.entries_left;
    entries += kTableEntries + series_count;
    parts.push_back(std::move(part));
  }
  if (files_left < std::max(options_.series_snapshot_shared_files_min, 1u)) return;
  if (when == When::kAfterFlush && entries_left < entries) return;
  const auto written = replace(shared_path(folder_), [&](File& file) -> Result<void> {
    SharedSnapshotWriter writer(file, parts.size());
    for (Part& part : parts) {
      add_series(*part.view, part.content.segments);
      TRY_VOID(writer.add({.table = part.table->id(), .mode = part.table->mode()},
                          part.table->index(), part.content.segments));
      for (SnapshotSegment& segment : part.content.segments) segment.series = {};
    }
    return writer.finish();
  });
  if (!written) return;
  for (const Part& part : parts) cover(part.table->id(), part.content.segments);
  log::info("series_snapshot.shared", {{"folder", folder_}, {"tables", parts.size()}});
}

// A crash leaves the old file or the new one; either tells what it covers.
Result<void> SeriesSnapshots::replace(const std::string& path,
                                      const std::function<Result<void>(File&)>& write) {
  const auto try_it = [&]() -> Result<void> {
    const std::string temporary = path + ".tmp";
    if (TRY(files_.exists(temporary))) TRY_VOID(files_.remove(temporary));
    const auto file = TRY(files_.open(temporary, FileSystem::OpenMode::kCreate));
    Result<void> outcome = write(*file);
    if (outcome) outcome = files_.rename(temporary, path);
    if (!outcome) {
      static_cast<void>(files_.remove(temporary));
      return outcome;
    }
    return files_.sync_directory(folder_);
  };
  const auto replaced = try_it();
  if (!replaced) {
    log::warn("series_snapshot.write_failed",
              {{"file", path}, {"error", replaced.error().message}});
  }
  return replaced;
}

void SeriesSnapshots::remove(TableId table) {
  covered_.erase(table);
  const auto removed = files_.remove(path(table));
  if (!removed && removed.error().code != ErrorCode::kNotFound) {
    log::warn("series_snapshot.remove_failed", {{"error", removed.error().message}});
  }
}

}  // namespace varve::engine
