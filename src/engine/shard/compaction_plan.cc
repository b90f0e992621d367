// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/compaction_plan.h"

#include <algorithm>

#include "engine/scan/segment_deletes.h"
#include "engine/shard/live_rows.h"
#include "engine/shard/merge_pick.h"

namespace varve::engine {
namespace {

// A delete waits until its files could be rewritten at this rate, so that many deletes share one
// rewriting of a large file.
constexpr uint64_t kPurgeBytesPerSecond = 32u << 20;
constexpr int64_t kRestFirstNs = 10'000'000'000;
constexpr int kRestDoublings = 9;  // Up to about an hour and a half.
// Scores of the default strategy begin at 1; rows that should be gone come before, rest after.
constexpr double kScoreOfDeletes = 1.5;
constexpr double kScoreOfCold = 0.5;

}  // namespace

struct CompactionPlan::Subject {
  const std::shared_ptr<Table>& table;
  const SegmentView& segment;
  const std::shared_ptr<const DeleteSet>& deletes;
  /// Versions of deletes on fields: what is older than one and what is newer stay apart until a
  /// merge has all that is older.
  std::vector<Version> lines;
  std::vector<Version> applied = {};   // By file.
  std::vector<uint32_t> epochs = {};   // By file: how many lines are applied.
  std::vector<uint8_t> touched = {};   // By file: a delete that is not applied hides some row.
  uint32_t memtable_epoch = UINT32_MAX;  // Of the oldest memtable.

  uint32_t epoch(const Version& version) const {
    return static_cast<uint32_t>(std::ranges::upper_bound(lines, version) - lines.begin());
  }
  /// The highest delete that can be applied to rows of an epoch.
  Version limit(uint32_t of_epoch) const {
    return of_epoch < lines.size() ? deletes->version_before(lines[of_epoch])
                                   : deletes->version_last();
  }
  MergeJob job(size_t begin, size_t end, Version deletes_applied, double score) const {
    return {.table = table,
            .segment = segment,
            .inputs = {segment.files.begin() + static_cast<ptrdiff_t>(begin),
                       segment.files.begin() + static_cast<ptrdiff_t>(end)},
            .deletes = deletes,
            .deletes_applied = deletes_applied,
            .score = score};
  }
};

std::vector<MergeJob> CompactionPlan::due(const std::vector<std::shared_ptr<Table>>& tables,
                                          bool at_once) {
  std::vector<MergeJob> jobs;
  touched_next_.clear();
  for (const auto& table : tables) {
    const auto view = table->view();
    for (const SegmentView& segment : view->segments) {
      if (!segment.files.empty()) look_at(table, *view, segment, at_once, jobs);
    }
  }
  touched_ = std::exchange(touched_next_, {});
  std::ranges::stable_sort(jobs, std::ranges::greater(), &MergeJob::score);
  return jobs;
}

void CompactionPlan::look_at(const std::shared_ptr<Table>& table, const TableView& view,
                             const SegmentView& segment, bool at_once,
                             std::vector<MergeJob>& jobs) {
  const Place place{table->id(), segment.id};
  const auto resting = resting_.find(place);
  const bool rests = resting != resting_.end() && clock_.steady_ns() < resting->second.until_ns;
  if (rests && !at_once) return;
  Subject subject{.table = table,
                  .segment = segment,
                  .deletes = view.deletes,
                  .lines = view.deletes->field_versions(segment.range)};
  for (const auto& memtable : segment.memtables) {
    subject.memtable_epoch =
        std::min(subject.memtable_epoch, subject.epoch(memtable->deletes_applied()));
  }
  std::vector<FileFacts> facts;
  for (const auto& file : segment.files) {
    subject.applied.push_back(file->deletes_applied());
    subject.epochs.push_back(subject.epoch(subject.applied.back()));
    facts.push_back({.size_bytes = file->meta().size_bytes,
                     .epoch = subject.epochs.back(),
                     .barrier = file->quarantined()});
  }
  if (!view.deletes->empty() && add_for_deletes(subject, at_once, jobs)) return;
  auto run = pick_run(facts, options_);
  if (run && options_.compaction_strategy == CompactionStrategy::kTimeWindow) {
    run->score = 2 + static_cast<double>(segment.range.begin_ns) / 1e19;
  }
  if (!run && is_cold(*table, segment)) {
    run = pick_cold_run(facts, options_);
    if (run) run->score = kScoreOfCold;
  }
  if (!run) return;
  jobs.push_back(subject.job(run->begin, run->end, subject.limit(facts[run->begin].epoch),
                             run->score));
}

// Looks only at deletes that are newer than the last look.
void CompactionPlan::find_touched(Subject& subject) {
  const SegmentView& segment = subject.segment;
  std::vector<ScanColumn> columns;
  subject.deletes->collect_field_columns(segment.range, columns);
  for (size_t i = 0; i < segment.files.size(); ++i) {
    SstFile& file = *segment.files[i];
    const auto before = touched_.find(file.meta().id);
    Touched state = before == touched_.end() ? Touched{} : before->second;
    const Version looked_at = std::max(state.checked, subject.applied[i]);
    const TimeRange times{.begin_ns = file.meta().time_first_ns,
                          .end_ns = file.meta().time_last_ns + 1};
    const auto deletes = state.touched ? nullptr
                                       : SegmentDeletes::make(subject.deletes, times, looked_at,
                                                              subject.table->index(), columns);
    if (deletes) {
      // After an error a merge is tried, which will name it.
      state.touched =
          hides_rows_of(file, subject.table->index(), *deletes, looked_at).value_or(true);
      if (state.touched) state.since_ns = clock_.steady_ns();
    }
    state.checked = subject.deletes->version_last();
    subject.touched.push_back(state.touched ? 1 : 0);
    touched_next_[file.meta().id] = state;
  }
}

// Gives true when a merge for deletes is due.
bool CompactionPlan::add_for_deletes(Subject& subject, bool at_once,
                                     std::vector<MergeJob>& jobs) {
  const auto& files = subject.segment.files;
  find_touched(subject);
  // Deletes on fields can be applied up to the oldest memtable.
  const uint32_t epoch =
      std::min(subject.memtable_epoch, static_cast<uint32_t>(subject.lines.size()));
  size_t prefix = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    if (subject.epochs[i] < epoch) prefix = i + 1;
  }
  const auto is_damaged = [](const auto& file) { return file->quarantined(); };
  if (std::any_of(files.begin(), files.begin() + static_cast<ptrdiff_t>(prefix), is_damaged)) {
    prefix = 0;
  }
  UntouchedFiles untouched{.table = subject.table, .files = {}};
  const auto is_due = [&](size_t i) {
    const int64_t waited_ns = clock_.steady_ns() - touched_next_[files[i]->meta().id].since_ns;
    return at_once || static_cast<uint64_t>(waited_ns) / 1'000'000'000 >=
                          files[i]->meta().size_bytes / kPurgeBytesPerSecond;
  };
  size_t first = files.size();
  size_t last = 0;
  bool prefix_is_due = true;
  for (size_t i = 0; i < prefix; ++i) {
    if (subject.touched[i] == 0) continue;
    first = std::min(first, i);
    last = i;
    prefix_is_due = prefix_is_due && is_due(i);
  }
  const size_t jobs_before = jobs.size();
  const bool purges_prefix = first < files.size();
  if (purges_prefix && prefix_is_due) {
    jobs.push_back(subject.job(first, last + 1, subject.limit(epoch), kScoreOfDeletes));
  }
  for (size_t i = 0; i < files.size(); ++i) {
    if (purges_prefix && i >= first && i <= last) continue;
    const Version limit = subject.limit(i < prefix ? epoch : subject.epochs[i]);
    if (subject.applied[i] >= limit) continue;
    if (subject.touched[i] == 0) {
      untouched.files.emplace_back(files[i], limit);
    } else if (!files[i]->quarantined() && is_due(i)) {
      jobs.push_back(subject.job(i, i + 1, limit, kScoreOfDeletes));
    }
  }
  if (!untouched.files.empty()) untouched_.push_back(std::move(untouched));
  return jobs.size() > jobs_before;
}

bool CompactionPlan::is_cold(const Table& table, const SegmentView& segment) {
  if (segment.range.end_ns > clock_.now_ns()) return false;
  SstId newest{};
  for (const auto& file : segment.files) newest = std::max(newest, file->meta().id);
  Activity& activity = activity_[{table.id(), segment.id}];
  if (activity.newest != newest) activity = {.newest = newest, .since_ns = clock_.steady_ns()};
  return (clock_.steady_ns() - activity.since_ns) / 1'000'000 >= options_.compaction_cold_ms;
}

void CompactionPlan::failed(const MergeJob& job) {
  Rest& rest = resting_[{job.table->id(), job.segment.id}];
  rest.until_ns =
      clock_.steady_ns() + (kRestFirstNs << std::min(rest.failures, kRestDoublings));
  ++rest.failures;
}

void CompactionPlan::succeeded(const MergeJob& job) {
  resting_.erase({job.table->id(), job.segment.id});
}

}  // namespace varve::engine
