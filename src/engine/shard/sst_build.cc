// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/sst_build.h"

#include <algorithm>
#include <set>

#include "engine/memtable/memtable_rows.h"
#include "engine/series_index/numbered_keys.h"
#include "engine/shard/page_copy.h"

namespace varve::engine {
namespace {

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

// Slices of the range, each of which a series can have in memory as a whole: about build_bytes_max,
// as far as the runs of the files tell. A memtable is in memory anyway.
Result<std::vector<TimeRange>> slices_of(const SstBuild& build, const KeyHash& series,
                                         const TimeRange& range, SegmentScan& scan) {
  std::vector<SeriesRows> runs;
  for (size_t i = 0; i < build.sources.files.size(); ++i) {
    for (const SeriesRows& rows : TRY(scan.runs_in_file(i, series))) {
      if (rows.time_last_ns < range.begin_ns || rows.time_first_ns >= range.end_ns) continue;
      runs.push_back(rows);
    }
  }
  const uint64_t rows_max = std::max<uint64_t>(1, build.options.build_bytes_max / row_bytes(build));
  uint64_t row_count = 0;
  for (const SeriesRows& rows : runs) row_count += rows.row_count;
  if (row_count <= rows_max) return std::vector<TimeRange>{range};
  std::ranges::sort(runs, {}, &SeriesRows::time_first_ns);
  std::vector<TimeRange> slices;
  int64_t begin_ns = range.begin_ns;
  row_count = 0;
  for (const SeriesRows& rows : runs) {
    if (row_count > 0 && row_count + rows.row_count > rows_max && rows.time_first_ns > begin_ns) {
      slices.push_back({.begin_ns = begin_ns, .end_ns = rows.time_first_ns});
      begin_ns = rows.time_first_ns;
      row_count = 0;
    }
    row_count += rows.row_count;
  }
  slices.push_back({.begin_ns = begin_ns, .end_ns = range.end_ns});
  return slices;
}

// Whoever reads a row group has all its columns in memory.
uint32_t row_group_rows(const SstBuild& build) {
  const uint64_t rows_max =
      std::max<uint64_t>(kRowGroupRowsMin, build.options.build_bytes_max / row_bytes(build));
  return static_cast<uint32_t>(std::min<uint64_t>(
      {build.options.row_group_rows_max, EngineOptions::kRowGroupRowsMax, rows_max}));
}

Result<std::unique_ptr<SstWriter>> make_writer(const SstBuild& build,
                                               const std::vector<ColumnId>& tags) {
  TableLabels labels;
  if (build.options.labels) {
    if (auto known = build.options.labels(build.table.id())) labels = std::move(*known);
  }
  if (labels.table.empty()) labels.table = "t" + std::to_string(raw(build.table.id()));
  return make_sst_writer(
      build.files,
      {.path = build.path,
       .layout = build.options.sst_layout,
       .table = build.table.id(),
       .segment = build.sources.id,
       .table_name = labels.table,
       .columns = label_columns(tags, build.fields, labels),
       .version_first = build.version_first,
       .version_last = build.version_last,
       .origin = {.mode = build.table.mode(),
                  .segment_range = build.sources.range,
                  .deletes_applied = build.deletes_applied},
       .row_group_rows_max = row_group_rows(build)});
}

// What a build was seen to hold, so that others wait meanwhile. It cannot wait itself: it is what
// gives memory back.
class BuildMemory {
 public:
  explicit BuildMemory(const SstBuild& build)
      : row_bytes_(row_bytes(build)),
        // The rows of a group, their encoded form, and what encoding takes.
        base_bytes_(3 * row_group_rows(build) * row_bytes_ +
                    (build.sources.files.empty() ? 0 : build.options.scan_pinned_bytes_max)),
        held_(build.options.memory, MemoryGovernor::Use::kMemtables) {
    held_.set_anyway(base_bytes_);
  }
  /// The rows of memtables were put in order.
  void note_order(size_t size_bytes) {
    base_bytes_ += size_bytes;
    held_.set_anyway(base_bytes_);
  }
  /// So many rows of a series are there, and merged.
  void note_rows(uint64_t row_count) {
    if (row_count <= rows_most_) return;
    rows_most_ = row_count;
    held_.set_anyway(base_bytes_ + 2 * rows_most_ * row_bytes_);
  }

 private:
  size_t row_bytes_;
  size_t base_bytes_;
  uint64_t rows_most_ = 0;
  ScopedMemory held_;
};

// Of rows gathered together: more series share a look at a chunk, but what was gathered should
// still be near when it is encoded.
constexpr size_t kSlabBytes = 4u << 20;

// The rows of memtables alone, nothing of which is hidden: many series at a time.
Result<void> append_memtables(const SstBuild& build, MemtableRows rows,
                              const std::vector<ColumnId>& tags, SstWriter& writer,
                              BuildMemory& memory) {
  const SeriesIndex& index = build.table.index();
  const size_t rows_max = std::max<size_t>(1, build.options.build_bytes_max / row_bytes(build));
  MemtableRows::Slab slab;
  NumberedKeys numbered(index, tags);
  std::vector<SeriesId> ids;
  std::string keys;
  std::vector<size_t> key_ends;
  std::vector<uint32_t> numbers;  // As many for each run as there are tags.
  std::vector<SeriesSlice> slices;
  const size_t rows_together =
      std::max<size_t>(1, std::min(kSlabBytes, build.options.build_bytes_max) / row_bytes(build));
  while (rows.next(rows_together, rows_max, slab)) {
    memory.note_rows(slab.times_ns.size());
    keys.clear();
    slices.clear();
    key_ends.clear();
    numbers.clear();
    ids.clear();
    for (const MemtableRows::Run& run : slab.runs) ids.push_back(run.series);
    numbered.append(ids, keys, key_ends, numbers);
    for (size_t i = 0; i < slab.runs.size(); ++i) {
      const MemtableRows::Run& run = slab.runs[i];
      const auto times = std::span(slab.times_ns).subspan(run.row_begin, run.row_count);
      if (!TimeRange{}.contains(times.front()) || !TimeRange{}.contains(times.back())) {
        return fail(ErrorCode::kInternal, "a row for " + build.path + " has an impossible time");
      }
      const size_t begin = i == 0 ? 0 : key_ends[i - 1];
      const auto key = std::string_view(keys).substr(begin, key_ends[i] - begin);
      slices.push_back({.series = {.hash = index.hash(run.series), .key = key},
                        .row_begin = run.row_begin,
                        .row_count = run.row_count,
                        .tag_numbers = std::span(numbers).subspan(i * tags.size(), tags.size())});
    }
    std::vector<ColumnView> fields;
    for (const ColumnVector& cells : slab.columns) fields.push_back(cells.view());
    if (!slab.has_equal_times || build.table.mode() == MergeMode::kAppend) {
      TRY_VOID(writer.append_slices(slices, slab.times_ns, fields));
    } else {
      std::vector<RowRun> runs(1);
      runs.front() = {.times_ns = slab.times_ns,
                      .columns = std::move(fields),
                      .pin = nullptr,
                      .times_differ = false};
      for (const RowRun& run : merge_runs(std::move(runs), build.table.mode(), build.fields)) {
        TRY_VOID(writer.append(slices.front().series, run.times_ns, run.columns));
      }
    }
    if (build.proceed) TRY_VOID(build.proceed(slab.times_ns.size()));
  }
  return {};
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
  BuildMemory memory(build);
  const auto append = [&](const SeriesRef& series, const RowRun& run) -> Result<void> {
    if (run.row_count() == 0) return {};
    if (!writer) writer = TRY(make_writer(build, build.table.index().tag_ids()));
    const auto fields = std::span(run.columns).subspan(0, build.fields.size());
    return writer->append(series, run.times_ns, fields);
  };
  PageCopy copy(build, scan);
  const bool may_copy =
      build.options.sst_layout == SstLayout::kPacked && build.sources.memtables.empty();
  // Of what a delete hides something, every row is looked at.
  const auto parts_of = [&](SeriesId id, const KeyHash& hash) -> Result<std::vector<MergePart>> {
    bool hides = false;
    if (SegmentDeletes* deletes = scan.deletes()) hides = !TRY(deletes->of(id))->empty();
    if (!may_copy || hides) return std::vector<MergePart>(1);
    return copy.parts_of(hash);
  };
  const auto build_all = [&]() -> Result<void> {
    const SeriesIndex& index = build.table.index();
    std::string key;
    for (const SeriesId id : TRY(series_of(build, scan))) {
      key.clear();
      index.append_key(id, key);
      const SeriesRef series{.hash = index.hash(id), .key = key};
      for (const MergePart& part : TRY(parts_of(id, series.hash))) {
        if (part.file) {
          if (!writer) writer = TRY(make_writer(build, build.table.index().tag_ids()));
          TRY_VOID(copy.copy(part, series, *writer));
          if (build.proceed) TRY_VOID(build.proceed(part.page.row_count));
          continue;
        }
        for (const TimeRange& slice : TRY(slices_of(build, series.hash, part.range, scan))) {
          uint64_t row_count = 0;
          const auto runs = TRY(scan.rows_strict(id, series.hash, slice));
          for (const RowRun& run : runs) row_count += run.row_count();
          memory.note_rows(row_count);
          for (const RowRun& run : runs) TRY_VOID(append(series, run));
          if (build.proceed) TRY_VOID(build.proceed(row_count));
        }
      }
    }
    return {};
  };
  std::optional<MemtableRows> rows;
  if (build.sources.files.empty() && scan.deletes() == nullptr) {
    rows = MemtableRows::make(build.sources.memtables, build.fields, build.table.index());
  }
  if (rows) {
    memory.note_order(rows->size_bytes());
    const auto tags = build.table.index().tag_ids();
    writer = TRY(make_writer(build, tags));
    TRY_VOID(append_memtables(build, std::move(*rows), tags, *writer, memory));
  } else {
    TRY_VOID(build_all());
  }
  if (!writer) {
    if (scan.deletes() != nullptr) return std::nullopt;
    return fail(ErrorCode::kInternal, "sorted file " + build.path + " has no rows");
  }
  return to_meta(build, TRY(writer->finish()));
}

}  // namespace varve::engine
