// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/sst_build.h"

#include <algorithm>
#include <set>

namespace varve::engine {
namespace {

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
               .fields = {}};
  for (const ScanColumn& field : build.fields) {
    if (std::ranges::count(summary.fields_present, field.id) > 0) meta.fields.push_back(field);
  }
  return meta;
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

Result<SstMeta> build_sst(const SstBuild& build) {
  TableLabels labels;
  if (build.options.labels) {
    if (auto known = build.options.labels(build.table.id())) labels = std::move(*known);
  }
  if (labels.table.empty()) labels.table = "t" + std::to_string(raw(build.table.id()));
  PinBudget budget{.bytes_max = build.options.scan_pinned_bytes_max, .bytes = 0};
  SegmentScan scan(build.sources, build.table.mode(), build.fields, nullptr, budget);
  auto writer = TRY(make_sst_writer(
      build.files,
      {.path = build.path,
       .layout = build.options.sst_layout,
       .table = build.table.id(),
       .segment = build.sources.id,
       .table_name = labels.table,
       .columns = label_columns(build.table.index().tag_ids(), build.fields, labels),
       .version_first = build.version_first,
       .version_last = build.version_last,
       .row_group_rows_max =
           std::min(build.options.row_group_rows_max, EngineOptions::kRowGroupRowsMax)}));
  const SeriesIndex& index = build.table.index();
  std::string key;
  for (const SeriesId id : TRY(series_of(build, scan))) {
    key.clear();
    index.append_key(id, key);
    const SeriesRef series{.hash = index.hash(id), .key = key};
    for (const RowRun& run : TRY(scan.rows_strict(id, series.hash, TimeRange{}))) {
      TRY_VOID(writer->append(series, run.times_ns, run.columns));
    }
  }
  return to_meta(build, TRY(writer->finish()));
}

}  // namespace varve::engine
