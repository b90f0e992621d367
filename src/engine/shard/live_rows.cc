// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/live_rows.h"

#include <algorithm>

#include "engine/shard/sst_build.h"

namespace varve::engine {
namespace {

// Enough for a row group of a few columns: this looks at few cells.
constexpr size_t kPinnedBytesMax = 16u << 20;

enum class InFiles : uint8_t { kSome, kNone, kUnknown };

// What the times of the runs tell: the first and the last one of each belong to rows.
Result<InFiles> rows_in_files(const SegmentView& segment, SegmentScan& scan, const KeyHash& hash,
                              const SegmentDeletes::OfSeries& series) {
  InFiles found = InFiles::kNone;
  for (size_t i = 0; i < segment.files.size(); ++i) {
    if (segment.files[i]->quarantined()) continue;
    const auto runs = scan.runs_in_file(i, hash);
    if (!runs && runs.error().code == ErrorCode::kCorrupt) continue;
    const auto& ranges = scan.deletes()->hidden(series, segment.files[i]->deletes_applied());
    const auto hidden_at = [&](int64_t time_ns) {
      const auto range = std::ranges::upper_bound(ranges, time_ns, {}, &TimeRange::end_ns);
      return range != ranges.end() && range->contains(time_ns) ? &*range : nullptr;
    };
    for (const SeriesRows& rows : TRY(runs)) {
      const TimeRange* first = hidden_at(rows.time_first_ns);
      const TimeRange* last = hidden_at(rows.time_last_ns);
      if (first == nullptr || last == nullptr) return InFiles::kSome;
      if (first != last) found = InFiles::kUnknown;
    }
  }
  return found;
}

// The series that the segment lists.
std::vector<SeriesId> listed_series(const SegmentView& segment) {
  std::vector<SeriesId> ids;
  segment.series->copy().visit([&](SeriesId id) { ids.push_back(id); });
  return ids;
}

bool has_row(const std::vector<RowRun>& runs) {
  return std::ranges::any_of(runs, [](const RowRun& run) { return run.row_count() > 0; });
}

}  // namespace

Result<bool> hides_rows_of(SstFile& file, const SeriesIndex& index, SegmentDeletes& deletes,
                           Version applied) {
  const auto reader = TRY(file.reader());
  SeriesCursor cursor(*reader);
  while (TRY(cursor.next())) {
    const auto id = index.find(cursor.series().ref().hash);
    if (!id) continue;
    const auto* series = TRY(deletes.of(*id));
    if (series->empty()) continue;
    std::vector<TimeRange> ranges = deletes.hidden(*series, applied);
    for (const auto& condition : series->on_fields) ranges.push_back(condition.range);
    for (const SeriesRows& rows : cursor.series().rows()) {
      const TimeRange times{.begin_ns = rows.time_first_ns, .end_ns = rows.time_last_ns + 1};
      const auto overlaps = [&](const TimeRange& range) { return range.overlaps(times); };
      if (std::ranges::any_of(ranges, overlaps)) return true;
    }
  }
  return false;
}

Result<std::vector<SeriesId>> series_without_rows(const Table& table, const SegmentView& segment,
                                                  std::shared_ptr<const DeleteSet> deletes) {
  std::vector<SeriesId> without;
  std::vector<ScanColumn> columns;
  deletes->collect_field_columns(segment.range, columns);
  PinBudget budget{.bytes_max = kPinnedBytesMax, .bytes = 0};
  SegmentScan scan(segment, table.mode(), columns, nullptr, budget);
  scan.hide(deletes, segment.range, table.index());
  if (scan.deletes() == nullptr) return without;
  SegmentView memory = segment;
  memory.files.clear();
  SegmentScan memory_scan(memory, table.mode(), columns, nullptr, budget);
  memory_scan.hide(deletes, segment.range, table.index());

  for (const SeriesId id : listed_series(segment)) {
    const auto* touched = TRY(scan.deletes()->of(id));
    if (touched->empty()) continue;
    const KeyHash hash = table.index().hash(id);
    const InFiles in_files = touched->on_fields.empty()
                                 ? TRY(rows_in_files(segment, scan, hash, *touched))
                                 : InFiles::kUnknown;
    if (in_files == InFiles::kSome) continue;
    SegmentScan& rest = in_files == InFiles::kNone ? memory_scan : scan;
    if (!has_row(TRY(rest.rows(id, hash, segment.range)))) without.push_back(id);
  }
  return without;
}

Result<std::vector<ScanColumn>> columns_with_cells(const Table& table, const SegmentView& segment,
                                                   std::shared_ptr<const DeleteSet> deletes) {
  std::vector<ScanColumn> columns;
  for (const auto& file : segment.files) {
    if (file->quarantined()) continue;
    columns.insert(columns.end(), file->meta().fields.begin(), file->meta().fields.end());
  }
  for (const auto& memtable : segment.memtables) memtable->collect_columns(columns);
  sort_and_deduplicate(columns);
  const size_t count = columns.size();
  std::vector<ScanColumn> with_deletes = columns;
  deletes->collect_field_columns(segment.range, with_deletes);
  PinBudget budget{.bytes_max = kPinnedBytesMax, .bytes = 0};
  SegmentScan scan(segment, table.mode(), with_deletes, nullptr, budget);
  scan.hide(deletes, segment.range, table.index());
  if (scan.deletes() == nullptr) return columns;

  std::vector<bool> seen(count);
  size_t missing = count;
  const auto look_at = [&](const RowRun& run) {
    for (size_t c = 0; c < count; ++c) {
      const CellState* states = run.columns[c].states;
      if (seen[c] || run.row_count() == 0) continue;
      const auto end = states + run.row_count();
      if (states != nullptr && std::find(states, end, CellState::kValue) == end) continue;
      seen[c] = true;
      --missing;
    }
  };
  for (const SeriesId id : listed_series(segment)) {
    if (missing == 0) break;
    const auto runs = TRY(scan.rows(id, table.index().hash(id), segment.range));
    for (const RowRun& run : runs) look_at(run);
  }
  std::vector<ScanColumn> with_cells;
  for (size_t c = 0; c < count; ++c) {
    if (seen[c]) with_cells.push_back(columns[c]);
  }
  return with_cells;
}

}  // namespace varve::engine
