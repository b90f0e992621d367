// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/file_adoption.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "engine/sst/sst_reader.h"

namespace varve::engine {
namespace {

// Of "7.sst" and "7.sst.orphan"; 0: of no sorted file.
uint64_t number_of(std::string_view name, bool* is_aside) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  const auto rest = name.substr(static_cast<size_t>(parsed.ptr - name.data()));
  *is_aside = rest == ".sst.orphan";
  return parsed.ec == std::errc() && (rest == ".sst" || *is_aside) ? number : 0;
}

Result<std::optional<SstMeta>> describe(FileSystem& files, const std::string& path, SstId id) {
  const auto reader = TRY(open_sst(files, path));
  const auto origin = reader->origin();
  if (!origin) return std::nullopt;
  SstMeta meta{.id = id,
               .table = reader->table(),
               .mode = origin->mode,
               .segment = reader->segment(),
               .segment_range = origin->segment_range,
               .version_first = reader->version_first(),
               .version_last = reader->version_last(),
               .row_count = reader->row_count(),
               .size_bytes = TRY(TRY(files.open(path, FileSystem::OpenMode::kRead))->size_bytes()),
               .time_first_ns = kTimeMax,
               .time_last_ns = kTimeMin,
               .fields = {},
               .deletes_applied = origin->deletes_applied};
  for (const SstColumn& field : reader->fields()) {
    meta.fields.push_back({.id = field.id, .type = field.type});
  }
  SeriesCursor cursor(*reader);
  while (TRY(cursor.next())) {
    ++meta.series_count;
    for (const SeriesRows& rows : cursor.series().rows()) {
      meta.time_first_ns = std::min(meta.time_first_ns, rows.time_first_ns);
      meta.time_last_ns = std::max(meta.time_last_ns, rows.time_last_ns);
    }
  }
  return meta;
}

bool holds(const SstMeta& outer, const SstMeta& inner) {
  return outer.version_first <= inner.version_first && inner.version_last <= outer.version_last;
}

bool shares_versions(const SstMeta& a, const SstMeta& b) {
  return a.version_first <= b.version_last && b.version_first <= a.version_last;
}

}  // namespace

Result<FileAdoption> adopt_files(FileSystem& files, const std::string& folder,
                                 const ManifestState& state, const LiveTables& live) {
  FileAdoption adoption;
  std::map<SstId, SstMeta> found;
  for (const std::string& name : TRY(files.list(folder))) {
    bool is_aside = false;
    const SstId id{number_of(name, &is_aside)};
    adoption.highest = std::max(adoption.highest, id);
    if (id == SstId{} || is_aside || state.ssts().contains(id)) continue;
    const std::string path = join_path(folder, name);
    auto meta = describe(files, path, id);
    if (!meta && meta.error().code == ErrorCode::kIo) return fail(meta.error());
    if (!meta || !*meta) {
      log::warn("shard.file_tells_too_little",
                {{"file", path}, {"error", meta ? "it is of an earlier version"
                                                : std::string_view(meta.error().message)}});
      continue;
    }
    const bool is_wanted = live.contains((*meta)->table) &&
                           !state.dropped().contains((*meta)->table) &&
                           !state.dropped_segments().contains((*meta)->segment);
    if (is_wanted) found.emplace(id, std::move(**meta));
  }
  // Results before their inputs. Of known files only inputs go.
  std::map<std::pair<TableId, SegmentId>, std::vector<SstMeta>> in_force;
  std::map<SstId, SstMeta> all = state.ssts();
  all.insert(found.begin(), found.end());
  for (const auto& [id, meta] : std::views::reverse(all)) {
    auto& others = in_force[{meta.table, meta.segment}];
    const bool is_known = !found.contains(id);
    const bool is_input = std::ranges::any_of(
        others, [&](const SstMeta& other) { return holds(other, meta); });
    const bool is_at_odds = std::ranges::any_of(
        others, [&](const SstMeta& other) { return shares_versions(other, meta); });
    if (is_known && is_input) adoption.edit.removed.push_back(id);
    if (is_known ? is_input : is_at_odds) continue;
    others.push_back(meta);
    if (is_known) continue;
    adoption.edit.added.push_back(meta);
    log::warn("shard.file_adopted", {{"folder", folder}, {"file", raw(id)}});
  }
  return adoption;
}

}  // namespace varve::engine
