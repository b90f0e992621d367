// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/segment_scan.h"

#include <algorithm>
#include <utility>

namespace varve::engine {
namespace {

// The rows of a run outside of the ranges, which are sorted and apart. Slices while they are few.
void cut_out(const RowRun& run, const std::vector<TimeRange>& ranges,
             const std::vector<ScanColumn>& columns, std::vector<RowRun>& out) {
  constexpr size_t kSlicesMax = 4;
  const auto times = run.times_ns;
  auto range = std::ranges::upper_bound(ranges, times.front(), {}, &TimeRange::end_ns);
  std::vector<std::pair<size_t, size_t>> kept;
  size_t begin = 0;
  const auto row_at = [&](int64_t time_ns) {
    const auto from = times.begin() + static_cast<ptrdiff_t>(begin);
    return static_cast<size_t>(std::lower_bound(from, times.end(), time_ns) - times.begin());
  };
  for (; range != ranges.end() && range->begin_ns <= times.back(); ++range) {
    const size_t end = row_at(range->begin_ns);
    if (end > begin) kept.emplace_back(begin, end);
    begin = row_at(range->end_ns);
  }
  if (begin < times.size()) kept.emplace_back(begin, times.size());
  if (kept.size() <= kSlicesMax) {
    for (const auto& [first, end] : kept) out.push_back(run.slice(first, end));
    return;
  }
  std::vector<uint32_t> rows;
  for (const auto& [first, end] : kept) {
    for (size_t row = first; row < end; ++row) rows.push_back(static_cast<uint32_t>(row));
  }
  out.push_back(pick_rows(run, rows, columns));
}

}  // namespace

SegmentScan::SegmentScan(const SegmentView& segment, MergeMode mode,
                         const std::vector<ScanColumn>& columns,
                         const SeriesBits* wanted, PinBudget& budget)
    : mode_(mode), columns_(columns) {
  for (const auto& file : segment.files) {
    files_.emplace_back(file, columns, budget);
    deletes_applied_.push_back(file->deletes_applied());
  }
  for (const auto& memtable : segment.memtables) {
    memtables_.emplace_back(memtable, columns, wanted);
    deletes_applied_.push_back(memtable->deletes_applied());
  }
}

void SegmentScan::hide(std::shared_ptr<const DeleteSet> deletes, const TimeRange& range,
                       const SeriesIndex& index) {
  if (deletes_applied_.empty()) return;
  const Version lowest = *std::ranges::min_element(deletes_applied_);
  deletes_ = SegmentDeletes::make(std::move(deletes), range, lowest, index, columns_);
}

Result<std::vector<RowRun>> SegmentScan::rows(SeriesId id, const KeyHash& hash,
                                              const TimeRange& range) {
  return merged(id, hash, range, false);
}

Result<std::vector<RowRun>> SegmentScan::rows_strict(SeriesId id, const KeyHash& hash,
                                                     const TimeRange& range) {
  return merged(id, hash, range, true);
}

Result<std::vector<RowRun>> SegmentScan::rows_or_summaries(SeriesId id, const KeyHash& hash,
                                                           const TimeRange& range,
                                                           const SummaryRule& rule,
                                                           std::vector<RunSummary>& summaries) {
  if (deletes_ && !TRY(deletes_->of(id))->empty()) return rows(id, hash, range);
  const auto accept = [&](const SeriesRows& run, const auto& columns) {
    return run.time_first_ns >= range.begin_ns && run.time_last_ns < range.end_ns &&
           rule.is_in_one_window(run.time_first_ns, run.time_last_ns) &&
           rule.trusts(columns, run.row_count);
  };
  const auto candidates = TRY(find_candidates(id, hash, range, accept));
  for (const Candidate& candidate : candidates) {
    auto& summary = summaries.emplace_back(
        RunSummary{.series = hash,
                   .time_first_ns = candidate.rows->time_first_ns,
                   .time_last_ns = candidate.rows->time_last_ns,
                   .columns = {}});
    for (size_t c = 0; c < rule.column_count(); ++c) {
      summary.columns.push_back(*candidate.columns[c]);
    }
  }
  return rows_without(id, hash, range, candidates);
}

Result<std::vector<RowRun>> SegmentScan::rows_that_may_match(SeriesId id, const KeyHash& hash,
                                                             const TimeRange& range,
                                                             const RowFilter& filter) {
  std::vector<std::optional<CellSummary>> known;
  const auto accept = [&](const SeriesRows&, const auto& columns) {
    known.assign(columns.begin(), columns.end());
    for (size_t c = 0; c < known.size(); ++c) {
      const bool is_double = columns_[c].type == ValueType::kFloat64;
      if (is_double && known[c] && has_nan(*known[c])) known[c].reset();
    }
    return !filter.may_match(known);
  };
  return rows_without(id, hash, range, TRY(find_candidates(id, hash, range, accept)));
}

Result<std::vector<RowRun>> SegmentScan::rows_without(SeriesId id, const KeyHash& hash,
                                                      const TimeRange& range,
                                                      const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return rows(id, hash, range);
  skipped_.assign(files_.size(), {});
  for (const Candidate& candidate : candidates) {
    skipped_[candidate.file].push_back(candidate.rows);
  }
  auto others = rows(id, hash, range);
  skipped_.clear();
  return others;
}

// Damaged files are left to rows().
Result<std::optional<SegmentScan::OnlyRun>> SegmentScan::find_only_run(SeriesId id,
                                                                       const KeyHash& hash,
                                                                       const TimeRange& range,
                                                                       uint64_t rows_max,
                                                                       bool descending) {
  if (deletes_) return std::nullopt;
  for (const MemtableScan& memtable : memtables_) {
    if (memtable.may_have(id, range)) return std::nullopt;
  }
  OnlyRun first;
  bool is_alone = true;
  int64_t bound_ns = 0;  // Where rows of the other runs begin, or end when descending.
  for (SstScan& file : files_) {
    const SstMeta& meta = file.file().meta();
    if (meta.time_last_ns < range.begin_ns || meta.time_first_ns >= range.end_ns) continue;
    if (file.file().quarantined()) return std::nullopt;
    const auto found = file.find(hash);
    if (!found && found.error().code == ErrorCode::kCorrupt) return std::nullopt;
    if (!found) return fail(found.error());
    for (const SeriesRows& rows : *found) {
      if (rows.time_last_ns < range.begin_ns || rows.time_first_ns >= range.end_ns) continue;
      if (first.rows == nullptr) {
        first = {.file = &file, .rows = &rows};
        continue;
      }
      const auto edge = [&](const SeriesRows& run) {
        return descending ? run.time_last_ns : run.time_first_ns;
      };
      int64_t other_ns = edge(rows);
      if (descending ? edge(rows) > edge(*first.rows) : edge(rows) < edge(*first.rows)) {
        other_ns = edge(*first.rows);
        first = {.file = &file, .rows = &rows};
      }
      const auto nearest = [&](int64_t a, int64_t b) {
        return descending ? std::max(a, b) : std::min(a, b);
      };
      bound_ns = is_alone ? other_ns : nearest(bound_ns, other_ns);
      is_alone = false;
    }
  }
  if (is_alone) return first;
  const SeriesRows& run = *first.rows;
  const bool is_inside = run.time_first_ns >= range.begin_ns && run.time_last_ns < range.end_ns;
  const bool is_enough = rows_max != 0 && run.row_count >= rows_max && is_inside;
  const bool is_apart = descending ? run.time_first_ns > bound_ns : run.time_last_ns < bound_ns;
  if (is_enough && is_apart) return first;
  const int64_t edge_ns = descending ? run.time_last_ns : run.time_first_ns;
  const bool is_ahead = descending ? edge_ns > bound_ns : edge_ns < bound_ns;
  if (rows_max == 1 && is_ahead && range.contains(edge_ns)) return first;
  return std::nullopt;
}

namespace {

// The runs of a series in a file some of whose rows are in the range; none of a damaged file.
Result<std::span<const SeriesRows>> runs_near(SstScan& file, const KeyHash& series,
                                              const TimeRange& range) {
  const SstMeta& meta = file.file().meta();
  const bool is_apart = meta.time_last_ns < range.begin_ns || meta.time_first_ns >= range.end_ns;
  if (is_apart || file.file().quarantined()) return std::span<const SeriesRows>();
  auto found = file.find(series);
  if (!found && found.error().code == ErrorCode::kCorrupt) return std::span<const SeriesRows>();
  return found;
}

}  // namespace

Result<std::optional<int64_t>> SegmentScan::find_bound(SeriesId id, const KeyHash& hash,
                                                       const TimeRange& range, bool descending) {
  std::optional<int64_t> bound;
  const auto add = [&](int64_t first_ns, int64_t last_ns) {
    if (last_ns < range.begin_ns || first_ns >= range.end_ns) return;
    const int64_t time_ns = descending ? std::min(last_ns, range.end_ns - 1)
                                       : std::max(first_ns, range.begin_ns);
    if (!bound || (descending ? time_ns > *bound : time_ns < *bound)) bound = time_ns;
  };
  for (SstScan& file : files_) {
    for (const SeriesRows& rows : TRY(runs_near(file, hash, range))) {
      add(rows.time_first_ns, rows.time_last_ns);
    }
  }
  std::vector<TimeRange> times;
  for (MemtableScan& memtable : memtables_) {
    if (memtable.may_have(id, range)) memtable.collect_times(id, range, times);
  }
  for (const TimeRange& time : times) add(time.begin_ns, time.end_ns - 1);
  return bound;
}

// A damaged file gives no candidate: rows() deals with it.
Result<std::vector<SegmentScan::Candidate>> SegmentScan::find_candidates(
    SeriesId id, const KeyHash& hash, const TimeRange& range, const Accept& accept) {
  std::vector<Candidate> candidates;
  std::vector<std::optional<CellSummary>> columns;
  for (size_t number = 0; number < files_.size(); ++number) {
    SstScan& file = files_[number];
    for (const SeriesRows& rows : TRY(runs_near(file, hash, range))) {
      if (!rows.summaries_begin) continue;
      if (rows.time_last_ns < range.begin_ns || rows.time_first_ns >= range.end_ns) continue;
      const auto known = file.summarize(rows, columns);
      if (!known && known.error().code == ErrorCode::kCorrupt) break;
      if (!known) return fail(known.error());
      if (!accept(rows, columns)) continue;
      candidates.push_back({.file = number, .rows = &rows, .columns = columns});
    }
  }
  if (!candidates.empty()) TRY_VOID(drop_overlapped(id, hash, range, candidates));
  return candidates;
}

Result<void> SegmentScan::drop_overlapped(SeriesId id, const KeyHash& hash, const TimeRange& range,
                                          std::vector<Candidate>& candidates) {
  std::vector<TimeRange> times;
  for (SstScan& file : files_) {
    for (const SeriesRows& rows : TRY(runs_near(file, hash, range))) {
      times.push_back({.begin_ns = rows.time_first_ns, .end_ns = rows.time_last_ns + 1});
    }
  }
  for (MemtableScan& memtable : memtables_) memtable.collect_times(id, range, times);
  std::ranges::sort(times, {}, &TimeRange::begin_ns);
  // A candidate is one of them: it is alone when neither what begins before it reaches into it nor
  // another begins in it.
  std::vector<int64_t> ends_before;
  int64_t end_ns = INT64_MIN;
  for (const TimeRange& time : times) {
    ends_before.push_back(end_ns);
    end_ns = std::max(end_ns, time.end_ns);
  }
  std::erase_if(candidates, [&](const Candidate& candidate) {
    const auto from = std::ranges::lower_bound(times, candidate.rows->time_first_ns, {},
                                               &TimeRange::begin_ns);
    const auto place = static_cast<size_t>(from - times.begin());
    if (ends_before[place] > candidate.rows->time_first_ns) return true;
    return place + 1 < times.size() && times[place + 1].begin_ns <= candidate.rows->time_last_ns;
  });
  return {};
}

Result<std::vector<RowRun>> SegmentScan::merged(SeriesId id, const KeyHash& hash,
                                                const TimeRange& range, bool strict) {
  const SegmentDeletes::OfSeries* deletes = nullptr;
  if (deletes_) deletes = TRY(deletes_->of(id));
  if (deletes != nullptr && deletes->empty()) deletes = nullptr;
  std::vector<RowRun> runs;
  std::vector<Source> sources;
  const auto end_source = [&] {
    if (deletes == nullptr) return;
    sources.push_back({.runs = std::exchange(runs, {}),
                       .deletes_applied = deletes_applied_[sources.size()]});
  };
  size_t number = 0;
  for (SstScan& file : files_) {
    // A query may have found the damage since the files were chosen.
    if (strict && file.file().quarantined()) {
      return fail(ErrorCode::kCorrupt, file.file().path() + " is damaged");
    }
    std::span<const SeriesRows* const> skipped;
    if (!skipped_.empty()) skipped = skipped_[number];
    ++number;
    const auto collected = file.collect(hash, range, runs, skipped);
    if (!collected && (strict || collected.error().code != ErrorCode::kCorrupt)) {
      return fail(collected.error());
    }
    end_source();
  }
  for (MemtableScan& memtable : memtables_) {
    memtable.collect(id, range, runs);
    end_source();
  }
  if (deletes != nullptr) return without_hidden(*deletes, std::move(sources));
  return merge_runs(std::move(runs), mode_, columns_);
}

// Deletes that know no fields hide rows of each older source for itself. One on fields is judged
// on what its older sources give together, so the sources are merged delete by delete.
Result<std::vector<RowRun>> SegmentScan::without_hidden(const SegmentDeletes::OfSeries& series,
                                                        std::vector<Source> sources) {
  for (Source& source : sources) {
    if (source.runs.empty() || series.groups.empty()) continue;
    const auto& ranges = deletes_->hidden(series, source.deletes_applied);
    if (ranges.empty()) continue;
    std::vector<RowRun> kept;
    for (const RowRun& run : source.runs) {
      if (run.row_count() > 0) cut_out(run, ranges, columns_, kept);
    }
    source.runs = std::move(kept);
  }
  std::vector<RowRun> merged;
  size_t next = 0;
  const auto take_until = [&](size_t end) {
    for (; next < end; ++next) {
      for (RowRun& run : sources[next].runs) merged.push_back(std::move(run));
    }
  };
  for (const SegmentDeletes::OnFields& condition : series.on_fields) {
    size_t end = sources.size();
    while (end > 0 && sources[end - 1].deletes_applied >= condition.version) --end;
    if (end == 0) continue;
    take_until(end);
    merged = merge_runs(std::move(merged), mode_, columns_);
    for (RowRun& run : merged) run = without_matches(run, condition);
  }
  take_until(sources.size());
  return merge_runs(std::move(merged), mode_, columns_);
}

RowRun SegmentScan::without_matches(const RowRun& run,
                                    const SegmentDeletes::OnFields& condition) const {
  const auto times = run.times_ns;
  const auto row_at = [&](int64_t time_ns) {
    return static_cast<size_t>(std::ranges::lower_bound(times, time_ns) - times.begin());
  };
  const size_t begin = row_at(condition.range.begin_ns);
  const size_t end = std::max(begin, row_at(condition.range.end_ns));
  if (begin == end) return run;
  std::vector<uint8_t> matches(end - begin);
  condition.filter->evaluate(run.slice(begin, end).columns, matches);
  if (std::ranges::count(matches, 0) == static_cast<ptrdiff_t>(matches.size())) return run;
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < run.row_count(); ++row) {
    if (row < begin || row >= end || matches[row - begin] == 0) rows.push_back(row);
  }
  return pick_rows(run, rows, columns_);
}

uint64_t SegmentScan::row_count() const {
  uint64_t rows = 0;
  for (const SstScan& file : files_) rows += file.file().meta().row_count;
  for (const MemtableScan& memtable : memtables_) rows += memtable.row_count();
  return rows;
}

void SegmentScan::add_memtable_series(SeriesBits& series) const {
  for (const MemtableScan& memtable : memtables_) memtable.add_series(series);
}

}  // namespace varve::engine
