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
#include "engine/sst/sst_check.h"
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

// A file that no manifest names.
struct FoundFile {
  SstMeta meta;
  bool is_sound = true;
};

Result<std::optional<FoundFile>> describe(FileSystem& files, const std::string& path, SstId id) {
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
  const auto checked = check_sst_content(*reader);
  if (!checked && checked.error().code != ErrorCode::kCorrupt) return fail(checked.error());
  if (!checked) {
    log::error("shard.found_file_damaged", {{"file", path}, {"error", checked.error().message}});
  }
  return FoundFile{.meta = std::move(meta), .is_sound = checked.has_value()};
}

bool holds(const SstMeta& outer, const SstMeta& inner) {
  return outer.version_first <= inner.version_first && inner.version_last <= outer.version_last;
}

bool shares_versions(const SstMeta& a, const SstMeta& b) {
  return a.version_first <= b.version_last && b.version_first <= a.version_last;
}

// Reading all of large files takes a while.
class Progress {
 public:
  explicit Progress(std::string folder) : folder_(std::move(folder)) {}
  void add(uint64_t size_bytes) {
    ++file_count_;
    bytes_ += size_bytes;
    if (bytes_ - bytes_told_ < kStepBytes) return;
    bytes_told_ = bytes_;
    log::info("shard.files_checked",
              {{"folder", folder_}, {"files", file_count_}, {"bytes", bytes_}});
  }

 private:
  static constexpr uint64_t kStepBytes = 1ull << 30;

  const std::string folder_;
  uint64_t file_count_ = 0;
  uint64_t bytes_ = 0;
  uint64_t bytes_told_ = 0;
};

using FoundFiles = std::map<SstId, FoundFile>;

// Those of the folder that the state lacks and that can be taken.
Result<FoundFiles> find_files(FileSystem& files, const std::string& folder,
                              const ManifestState& state, const LiveTables& live, SstId& highest) {
  FoundFiles found;
  Progress progress(folder);
  for (const std::string& name : TRY(files.list(folder))) {
    bool is_aside = false;
    const SstId id{number_of(name, &is_aside)};
    highest = std::max(highest, id);
    if (id == SstId{} || is_aside || state.ssts().contains(id)) continue;
    const std::string path = join_path(folder, name);
    auto file = describe(files, path, id);
    if (!file && file.error().code == ErrorCode::kIo) return fail(file.error());
    if (!file || !*file) {
      log::warn("shard.file_tells_too_little",
                {{"file", path}, {"error", file ? "it is of an earlier version"
                                                : std::string_view(file.error().message)}});
      continue;
    }
    const SstMeta& meta = (*file)->meta;
    progress.add(meta.size_bytes);
    const bool is_wanted = live.contains(meta.table) && !state.dropped().contains(meta.table) &&
                           !state.dropped_segments().contains(meta.segment);
    if (is_wanted) found.emplace(id, std::move(**file));
  }
  return found;
}

// Which of known and found files stand for all.
class Claims {
 public:
  Claims(const FoundFiles& found, const std::string& folder, ManifestEdit& edit)
      : found_(found), folder_(folder), edit_(edit) {}

  void consider(const SstMeta& meta) {
    auto& others = in_force_[{meta.table, meta.segment}];
    const bool is_known = !found_.contains(meta.id);
    const bool is_input =
        std::ranges::any_of(others, [&](const SstMeta& other) { return holds(other, meta); });
    const bool is_at_odds = std::ranges::any_of(
        others, [&](const SstMeta& other) { return shares_versions(other, meta); });
    if (is_known && is_input) edit_.removed.push_back(meta.id);
    if (is_known ? is_input : is_at_odds) return;
    others.push_back(meta);
    if (is_known) return;
    edit_.added.push_back(meta);
    log::warn("shard.file_adopted", {{"folder", folder_}, {"file", raw(meta.id)}});
  }

 private:
  const FoundFiles& found_;
  const std::string& folder_;
  ManifestEdit& edit_;
  std::map<std::pair<TableId, SegmentId>, std::vector<SstMeta>> in_force_;
};

}  // namespace

Result<FileAdoption> adopt_files(FileSystem& files, const std::string& folder,
                                 const ManifestState& state, const LiveTables& live) {
  FileAdoption adoption;
  const FoundFiles found = TRY(find_files(files, folder, state, live, adoption.highest));
  std::map<SstId, SstMeta> sound = state.ssts();
  for (const auto& [id, file] : found) {
    if (file.is_sound) sound.emplace(id, file.meta);
  }
  Claims claims(found, folder, adoption.edit);
  // Results before their inputs. Of known files only inputs go.
  for (const auto& [id, meta] : std::views::reverse(sound)) claims.consider(meta);
  // A damaged one stands for nothing else, but what it has left may be all there is.
  for (const auto& [id, file] : std::views::reverse(found)) {
    if (!file.is_sound) claims.consider(file.meta);
  }
  return adoption;
}

}  // namespace varve::engine
