// SPDX-License-Identifier: Apache-2.0
// Merges files of one table and segment, so that their number stays bounded. Only files whose
// versions are neighbours are merged: the result then stands between the same files as they did,
// and needs no version for each row.
#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "engine/shard/shard.h"
#include "engine/shard/sst_build.h"

namespace varve::engine {
namespace {

metrics::Counter& compaction_runs =
    metrics::counter("varve_compaction_runs_total", "Merges of sorted files that ended well.");
metrics::Counter& compaction_errors =
    metrics::counter("varve_compaction_errors_total", "Merges of sorted files that failed.");
metrics::Counter& compaction_bytes_in =
    metrics::counter("varve_compaction_read_bytes_total", "Bytes of the files that were merged.");
metrics::Counter& compaction_bytes_out = metrics::counter(
    "varve_compaction_written_bytes_total", "Bytes of the files that merges wrote.");
metrics::Histogram& compaction_seconds =
    metrics::histogram("varve_compaction_duration_seconds", "Time that a merge took.");

// The newest files, as long as each is not much larger than all newer ones together: so every row
// is written again only about log(size) times.
std::vector<std::shared_ptr<SstFile>> choose_files(
    const std::vector<std::shared_ptr<SstFile>>& files, const EngineOptions& options) {
  if (files.size() < options.compaction_files_min) return {};
  std::vector<std::shared_ptr<SstFile>> chosen;
  uint64_t bytes = 0;
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    const uint64_t size = (*file)->meta().size_bytes;
    if ((*file)->quarantined()) break;
    if (chosen.size() >= 2 && size > 2 * bytes) break;
    if (bytes + size > options.compaction_bytes_max) break;
    bytes += size;
    chosen.push_back(*file);
  }
  if (chosen.size() < 2) return {};
  std::ranges::reverse(chosen);
  return chosen;
}

}  // namespace

// Merges once; false when there is nothing to merge.
Result<bool> Shard::compact_one() {
  for (const auto& table : tables_.all()) {
    const auto view = table->view();
    for (const SegmentView& segment : view->segments) {
      auto chosen = choose_files(segment.files, context_.options);
      if (chosen.empty()) continue;
      const auto compacted = compact_files(*table, segment, std::move(chosen));
      if (compacted) return true;
      compaction_errors.add();
      log::error("shard.compaction_failed",
                 {{"folder", folder_}, {"error", compacted.error().message}});
      return fail(compacted.error());
    }
  }
  return false;
}

Result<void> Shard::compact_files(Table& table, const SegmentView& segment,
                                  const std::vector<std::shared_ptr<SstFile>>& inputs) {
  const int64_t began_ns = context_.clock.steady_ns();
  TRY_VOID(settle());
  SstBuild build{.files = context_.files,
                 .options = context_.options,
                 .table = table,
                 .path = {},
                 .id = manifest_->take_sst_id(),
                 .sources = {.id = segment.id,
                             .range = segment.range,
                             .files = inputs,
                             .memtables = {},
                             .series = {}},
                 .fields = {},
                 .version_first = inputs.front()->meta().version_first,
                 .version_last = inputs.back()->meta().version_last};
  build.path = sst_path(build.id);
  ManifestEdit edit;
  for (const auto& input : inputs) {
    const SstMeta& meta = input->meta();
    build.fields.insert(build.fields.end(), meta.fields.begin(), meta.fields.end());
    edit.removed.push_back(meta.id);
    compaction_bytes_in.add(meta.size_bytes);
  }
  sort_and_deduplicate(build.fields);
  edit.added.push_back(TRY(build_sst(build)));
  const auto file = TRY(open_built(edit.added.back()));
  Result<void> sound = context_.files.sync_directory(folder_);
  for (const auto& input : inputs) {
    // A query found damage meanwhile: the file must stay, for whoever can repair it.
    if (!input->quarantined()) continue;
    sound = fail(ErrorCode::kCorrupt, input->path() + " is damaged");
  }
  if (!sound) {
    remove_file(build.path);
    return sound;
  }
  TRY_VOID(commit(edit));
  table.replace(segment.id, {}, inputs, file);
  for (const SstId id : edit.removed) remove_file(sst_path(id));
  compaction_runs.add();
  compaction_bytes_out.add(file->meta().size_bytes);
  compaction_seconds.observe(static_cast<double>(context_.clock.steady_ns() - began_ns) * 1e-9);
  log::info("shard.compacted", {{"folder", folder_},
                                {"table", raw(table.id())},
                                {"segment", raw(segment.id)},
                                {"files", inputs.size()},
                                {"rows", file->meta().row_count}});
  return {};
}

}  // namespace varve::engine
