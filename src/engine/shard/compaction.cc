// SPDX-License-Identifier: Apache-2.0
// Merges files of one table and segment, so that their number stays bounded and deleted rows give
// their space back. Only files whose versions are neighbours are merged: the result then stands
// between the same files as they did, and needs no version for each row.
#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

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

// Looking at ten thousand tables costs milliseconds: not more often than that, unless something
// changed.
constexpr int64_t kLookAgainNs = 5'000'000'000;
// Then the list of what is due is made anew.
constexpr int64_t kListAgeMaxNs = 1'000'000'000;

std::string place_of(const MergeJob& job) {
  return std::to_string(raw(job.table->id())) + "/" + std::to_string(raw(job.segment.id));
}

}  // namespace

bool Shard::compact_if_due() {
  const uint64_t changes = changes_.load(std::memory_order_relaxed);
  const int64_t now_ns = context_.clock.steady_ns();
  if (changes == changes_seen_ && now_ns - looked_ns_ < kLookAgainNs) return false;
  changes_seen_ = changes;
  looked_ns_ = now_ns;
  const auto jobs = compaction_plan_.due(tables_.all(), false);
  raise_untouched();
  for (const MergeJob& job : jobs) {
    static_cast<void>(merge(job));
    if (stopping_.load(std::memory_order_relaxed)) return false;
    if (context_.clock.steady_ns() - now_ns > kListAgeMaxNs) break;
  }
  if (!jobs.empty()) looked_ns_ = 0;
  return !jobs.empty();
}

// Until nothing is due. What fails is tried once; the first error is given in the end.
Result<void> Shard::compact_all() {
  Result<void> outcome;
  std::set<std::string> failed;
  for (bool any = true; any;) {
    any = false;
    const auto jobs = compaction_plan_.due(tables_.all(), true);
    raise_untouched();
    for (const MergeJob& job : jobs) {
      if (failed.contains(place_of(job))) continue;
      if (stopping_.load(std::memory_order_relaxed)) {
        return fail(ErrorCode::kCancelled, "the store is closing");
      }
      any = true;
      const auto merged = merge(job);
      if (merged) continue;
      failed.insert(place_of(job));
      if (outcome) outcome = merged;
    }
  }
  // What was raised or merged may have ended a delete's work.
  const auto forgotten = background_.run([this] { return forget_deletes(); });
  return outcome ? forgotten : outcome;
}

Result<void> Shard::merge(const MergeJob& job) {
  const auto merged = run_merge(job);
  if (merged) {
    compaction_plan_.succeeded(job);
    return {};
  }
  // The table is gone, or the store is closing.
  if (merged.error().code == ErrorCode::kCancelled) return {};
  compaction_plan_.failed(job);
  compaction_errors.add();
  log::error("shard.compaction_failed", {{"folder", folder_},
                                         {"table", raw(job.table->id())},
                                         {"segment", raw(job.segment.id)},
                                         {"error", merged.error().message}});
  return merged;
}

// One edit for all files that no delete touches.
void Shard::raise_untouched() {
  const auto untouched = compaction_plan_.take_untouched();
  if (untouched.empty()) return;
  const auto raised = background_.run([&]() -> Result<void> {
    ManifestEdit edit;
    for (const UntouchedFiles& of_table : untouched) {
      for (const auto& [file, version] : of_table.files) {
        edit.applied.push_back({.id = file->meta().id, .version = version});
      }
    }
    TRY_VOID(commit(edit));
    for (const UntouchedFiles& of_table : untouched) {
      for (const auto& [file, version] : of_table.files) file->raise_deletes_applied(version);
    }
    return forget_deletes();
  });
  if (!raised) log::warn("shard.raise_failed", {{"error", raised.error().message}});
}

// Called with the rows of each step: waits where the rate is limited, ends where there is no use.
Result<void> Shard::proceed(const Table& table, uint64_t bytes, int64_t began_ns) const {
  const uint64_t rate = context_.options.compaction_bytes_per_second;
  while (true) {
    if (stopping_.load(std::memory_order_relaxed) || table.dropped()) {
      return fail(ErrorCode::kCancelled, "the merge is of no use any more");
    }
    const auto passed = static_cast<double>(context_.clock.steady_ns() - began_ns) * 1e-9;
    if (rate == 0 || static_cast<double>(bytes) <= passed * static_cast<double>(rate)) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Result<void> Shard::run_merge(const MergeJob& job) {
  const int64_t began_ns = context_.clock.steady_ns();
  TRY_VOID(background_.run([this] { return settle(); }));
  SstBuild build{.files = context_.files,
                 .options = context_.options,
                 .table = *job.table,
                 .path = {},
                 .id = manifest_->take_sst_id(),
                 .sources = {.id = job.segment.id,
                             .range = job.segment.range,
                             .files = job.inputs,
                             .memtables = {},
                             .series = {}},
                 .fields = {},
                 .version_first = job.inputs.front()->meta().version_first,
                 .version_last = job.inputs.back()->meta().version_last,
                 .deletes = DeleteSet::up_to(job.deletes, job.deletes_applied),
                 .deletes_applied = job.deletes_applied,
                 .proceed = {}};
  build.path = sst_path(build.id);
  uint64_t input_bytes = 0;
  uint64_t input_rows = 1;
  for (const auto& input : job.inputs) {
    const SstMeta& meta = input->meta();
    build.fields.insert(build.fields.end(), meta.fields.begin(), meta.fields.end());
    input_bytes += meta.size_bytes;
    input_rows += meta.row_count;
  }
  sort_and_deduplicate(build.fields);
  uint64_t rows_read = 0;
  const double row_bytes = static_cast<double>(input_bytes) / static_cast<double>(input_rows);
  build.proceed = [&](uint64_t rows) {
    rows_read += rows;
    return proceed(*job.table, static_cast<uint64_t>(static_cast<double>(rows_read) * row_bytes),
                   began_ns);
  };
  auto merged = TRY(build_sst(build));
  compaction_bytes_in.add(input_bytes);
  if (merged) compaction_bytes_out.add(merged->size_bytes);
  const uint64_t rows = merged ? merged->row_count : 0;
  TRY_VOID(background_.run([&] { return finish_merge(job, std::move(merged)); }));
  compaction_runs.add();
  compaction_seconds.observe(static_cast<double>(context_.clock.steady_ns() - began_ns) * 1e-9);
  log::info("shard.compacted", {{"folder", folder_},
                                {"table", raw(job.table->id())},
                                {"segment", raw(job.segment.id)},
                                {"files", job.inputs.size()},
                                {"rows", rows}});
  return {};
}

Result<void> Shard::finish_merge(const MergeJob& job, std::optional<SstMeta> merged) {
  ManifestEdit edit;
  Result<void> sound = merged ? context_.files.sync_directory(folder_) : Result<void>();
  for (const auto& input : job.inputs) {
    edit.removed.push_back(input->meta().id);
    // Its table or segment was dropped meanwhile.
    if (!manifest_->state().ssts().contains(input->meta().id)) {
      sound = fail(ErrorCode::kCancelled, "the files are gone");
    }
    // A query found damage meanwhile: the file must stay, for whoever can repair it.
    if (!input->quarantined()) continue;
    sound = fail(ErrorCode::kCorrupt, input->path() + " is damaged");
  }
  std::shared_ptr<SstFile> file;
  if (sound && merged) {
    auto opened = open_built(*merged);
    if (opened) {
      file = std::move(*opened);
      edit.added.push_back(*merged);
    } else {
      sound = fail(opened.error());
    }
  }
  if (!sound) {
    if (merged) remove_file(sst_path(merged->id));
    return sound;
  }
  TRY_VOID(commit(edit));
  job.table->replace(job.segment.id, {}, job.inputs, file);
  for (const SstId id : edit.removed) remove_file(sst_path(id));
  return forget_deletes();
}

}  // namespace varve::engine
