// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/sst_build.h"

#include <algorithm>
#include <set>

namespace varve::engine {
namespace {

// What a build holds of one series at a time, and of a row group.
constexpr size_t kSliceBytes = 32u << 20;
constexpr uint64_t kRowGroupRowsMin = 1'024;

// The series of all sources, by hash.
Result<std::vector<SeriesId>> series_of(const SstBuild& build, const SegmentScan& scan) {
  SeriesBits series;
  scan.add_memtable_series(series);
  const SeriesIndex& index = build.table.index();
  for (const auto& file : build.sources.files) {
    const auto reader = TRY(file->reader());
    SeriesCursor cursor(*reader);
    auto more = cursor.next();
    for (; more && *more; more = cursor.next()) {
      if (const auto id = index.find(cursor.series().ref().hash)) series.add(*id);
    }
    if (more) continue;
    if (more.error().code == ErrorCode::kCorrupt) file->quarantine(more.error());
    return fail(more.error());
  }
  return index.by_hash(series);
}

SstMeta to_meta(const SstBuild& build, const SstSummary& summary) {
  SstMeta meta{.id = build.id,
               .table = build.table.id(),
               .mode = build.table.mode(),
               .segment = build.sources.id,
               .segment_range = build.sources.range,
               .version_first = build.version_first,
               .version_last = build.version_last,
               .row_count = summary.row_count,
               .series_count = summary.series_count,
               .size_bytes = summary.size_bytes,
               .time_first_ns = summary.time_first_ns,
               .time_last_ns = summary.time_last_ns,
               .fields = {},
               .deletes_applied = build.deletes_applied};
  for (const ScanColumn& field : build.fields) {
    if (std::ranges::count(summary.fields_present, field.id) > 0) meta.fields.push_back(field);
  }
  return meta;
}

size_t row_bytes(const SstBuild& build) {
  size_t bytes = sizeof(int64_t);
  for (const ScanColumn& field : build.fields) bytes += ColumnVector::cell_size_bytes(field.type);
  return bytes;
}

// Slices of a series' time, each of which can be in memory as a whole: about kSliceBytes, as far as
// the runs of the files tell. A memtable is in memory anyway.
Result<std::vector<TimeRange>> slices_of(const SstBuild& build, const KeyHash& series,
                                         SegmentScan& scan) {
  std::vector<SeriesRows> runs;
  for (size_t i = 0; i < build.sources.files.size(); ++i) {
    const auto of_file = TRY(scan.runs_in_file(i, series));
    runs.insert(runs.end(), of_file.begin(), of_file.end());
  }
  const uint64_t rows_max = std::max<uint64_t>(1, kSliceBytes / row_bytes(build));
  uint64_t row_count = 0;
  for (const SeriesRows& rows : runs) row_count += rows.row_count;
  if (row_count <= rows_max) return std::vector<TimeRange>{TimeRange{}};
  std::ranges::sort(runs, {}, &SeriesRows::time_first_ns);
  std::vector<TimeRange> slices;
  int64_t begin_ns = TimeRange{}.begin_ns;
  row_count = 0;
  for (const SeriesRows& rows : runs) {
    if (row_count > 0 && row_count + rows.row_count > rows_max && rows.time_first_ns > begin_ns) {
      slices.push_back({.begin_ns = begin_ns, .end_ns = rows.time_first_ns});
      begin_ns = rows.time_first_ns;
      row_count = 0;
    }
    row_count += rows.row_count;
  }
  slices.push_back({.begin_ns = begin_ns, .end_ns = TimeRange{}.end_ns});
  return slices;
}

Result<std::unique_ptr<SstWriter>> make_writer(const SstBuild& build) {
  TableLabels labels;
  if (build.options.labels) {
    if (auto known = build.options.labels(build.table.id())) labels = std::move(*known);
  }
  if (labels.table.empty()) labels.table = "t" + std::to_string(raw(build.table.id()));
  // Whoever reads a row group has all its columns in memory.
  const uint64_t group_rows_max =
      std::max<uint64_t>(kRowGroupRowsMin, kSliceBytes / row_bytes(build));
  return make_sst_writer(
      build.files,
      {.path = build.path,
       .layout = build.options.sst_layout,
       .table = build.table.id(),
       .segment = build.sources.id,
       .table_name = labels.table,
       .columns = label_columns(build.table.index().tag_ids(), build.fields, labels),
       .version_first = build.version_first,
       .version_last = build.version_last,
       .row_group_rows_max = static_cast<uint32_t>(
           std::min<uint64_t>({build.options.row_group_rows_max, EngineOptions::kRowGroupRowsMax,
                               group_rows_max}))});
}

}  // namespace

std::vector<SstColumn> label_columns(const std::vector<ColumnId>& tags,
                                     const std::vector<ScanColumn>& fields,
                                     const TableLabels& labels) {
  std::vector<SstColumn> columns;
  std::set<std::string> taken = {"time"};
  const auto add = [&](ColumnId id, ColumnKind kind, ValueType type) {
    std::string name = "c" + std::to_string(raw(id));
    for (const ColumnLabel& label : labels.columns) {
      if (label.id == id && label.kind == kind && !label.name.empty()) name = label.name;
    }
    if (taken.contains(name)) name += "." + std::string(to_string(type));
    // People choose names: any that is made up here may be taken as well.
    while (!taken.insert(name).second) name += "." + std::to_string(raw(id));
    columns.push_back({.id = id, .kind = kind, .type = type, .name = std::move(name)});
  };
  for (const ColumnId tag : tags) add(tag, ColumnKind::kTag, ValueType::kString);
  for (const ScanColumn& field : fields) add(field.id, ColumnKind::kField, field.type);
  return columns;
}

void sort_and_deduplicate(std::vector<ScanColumn>& columns) {
  std::ranges::sort(columns, {}, &ScanColumn::id);
  const auto rest = std::ranges::unique(columns, {}, &ScanColumn::id);
  columns.erase(rest.begin(), rest.end());
}

Result<std::optional<SstMeta>> build_sst(const SstBuild& build) {
  std::vector<ScanColumn> columns = build.fields;
  build.deletes->collect_field_columns(TimeRange{}, columns);
  PinBudget budget{.bytes_max = build.options.scan_pinned_bytes_max, .bytes = 0};
  SegmentScan scan(build.sources, build.table.mode(), columns, nullptr, budget);
  scan.hide(build.deletes, TimeRange{}, build.table.index());
  std::unique_ptr<SstWriter> writer;
  const auto append = [&](const SeriesRef& series, const RowRun& run) -> Result<void> {
    if (run.row_count() == 0) return {};
    if (!writer) writer = TRY(make_writer(build));
    const auto fields = std::span(run.columns).subspan(0, build.fields.size());
    return writer->append(series, run.times_ns, fields);
  };
  const auto build_all = [&]() -> Result<void> {
    const SeriesIndex& index = build.table.index();
    std::string key;
    for (const SeriesId id : TRY(series_of(build, scan))) {
      key.clear();
      index.append_key(id, key);
      const SeriesRef series{.hash = index.hash(id), .key = key};
      for (const TimeRange& slice : TRY(slices_of(build, series.hash, scan))) {
        uint64_t row_count = 0;
        for (const RowRun& run : TRY(scan.rows_strict(id, series.hash, slice))) {
          row_count += run.row_count();
          TRY_VOID(append(series, run));
        }
        if (build.proceed) TRY_VOID(build.proceed(row_count));
      }
    }
    return {};
  };
  TRY_VOID(build_all());
  if (!writer) {
    if (scan.deletes() != nullptr) return std::nullopt;
    return fail(ErrorCode::kInternal, "sorted file " + build.path + " has no rows");
  }
  return to_meta(build, TRY(writer->finish()));
}

}  // namespace varve::engine
