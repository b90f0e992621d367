// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/page_copy.h"

#include <algorithm>

#include "base/check.h"
#include "base/metrics.h"
#include "engine/page/page.h"

namespace varve::engine {
namespace {

metrics::Counter& pages_copied = metrics::counter(
    "varve_compaction_copied_pages_total", "Pages that merges took over without decoding them.");

size_t page_rows_max(const SstBuild& build) {
  return std::min<size_t>(build.options.row_group_rows_max, kPageRowsMax);
}

}  // namespace

// A page that is at least half full would hardly be smaller together with its neighbours.
PageCopy::PageCopy(const SstBuild& build, SegmentScan& scan)
    : build_(build),
      scan_(scan),
      rows_min_((page_rows_max(build) + 1) / 2),
      rows_max_(page_rows_max(build)),
      sources_(build.sources.files.size()) {}

Result<const PageCopy::Source*> PageCopy::source(size_t file) {
  if (!sources_[file]) {
    Source source{.reader = TRY(build_.sources.files[file]->reader())};
    const auto& its_fields = source.reader->fields();
    std::vector<int> places;  // By its field: among those that are summarized.
    int next = 0;
    for (const SstColumn& field : its_fields) {
      places.push_back(is_summarized(field.type) ? next++ : -1);
    }
    for (const ScanColumn& wanted : build_.fields) {
      int field = source.reader->field_index(wanted.id);
      if (field >= 0 && its_fields[static_cast<size_t>(field)].type != wanted.type) field = -1;
      source.fields.push_back(field);
      if (!is_summarized(wanted.type)) continue;
      source.summarized.push_back(field < 0 ? -1 : places[static_cast<size_t>(field)]);
    }
    sources_[file] = std::move(source);
  }
  return &*sources_[file];
}

Result<bool> PageCopy::can_copy(const Run& run) {
  const SeriesRows& rows = run.rows;
  if (rows.row_begin != 0 || rows.row_count < rows_min_ || rows.row_count > rows_max_) return false;
  const SstReader& reader = *TRY(source(run.file))->reader;
  if (reader.layout() != SstLayout::kPacked) return false;
  if (reader.row_group_rows(rows.row_group) != rows.row_count) return false;
  const auto& fields = reader.fields();
  const bool wants_summaries =
      rows.row_count >= SeriesDirectory::kSummaryRowsMin &&
      std::ranges::any_of(fields, [](const auto& field) { return is_summarized(field.type); });
  return rows.summaries_begin.has_value() == wants_summaries;
}

Result<std::vector<MergePart>> PageCopy::parts_of(const KeyHash& series) {
  std::vector<Run> runs;
  for (size_t file = 0; file < build_.sources.files.size(); ++file) {
    for (const SeriesRows& rows : TRY(scan_.runs_in_file(file, series))) {
      runs.push_back({.file = file, .rows = rows});
    }
  }
  std::ranges::sort(runs, {}, [](const Run& run) { return run.rows.time_first_ns; });
  std::vector<MergePart> parts;
  TimeRange rest{};
  bool has_rest = false;
  int64_t last_ns = INT64_MIN;  // Of all runs so far.
  for (size_t i = 0; i < runs.size(); ++i) {
    const SeriesRows& rows = runs[i].rows;
    const bool is_alone =
        (i == 0 || last_ns < rows.time_first_ns) &&
        (i + 1 == runs.size() || rows.time_last_ns < runs[i + 1].rows.time_first_ns);
    last_ns = std::max(last_ns, rows.time_last_ns);
    if (!is_alone || !TRY(can_copy(runs[i]))) {
      has_rest = true;
      continue;
    }
    if (has_rest) {
      parts.push_back({.range = {.begin_ns = rest.begin_ns, .end_ns = rows.time_first_ns}});
    }
    parts.push_back({.range = {.begin_ns = rows.time_first_ns, .end_ns = rows.time_last_ns + 1},
                     .file = runs[i].file,
                     .page = rows});
    rest.begin_ns = rows.time_last_ns + 1;
    has_rest = false;
  }
  if (has_rest) parts.push_back({.range = rest});
  return parts;
}

Result<void> PageCopy::copy(const MergePart& part, const SeriesRef& series, SstWriter& writer) {
  CHECK(part.file.has_value());
  SstFile& file = *build_.sources.files[*part.file];
  if (file.quarantined()) return fail(ErrorCode::kCorrupt, file.path() + " is damaged");
  const Source& from = *TRY(source(*part.file));
  SeriesPage page{.series = series,
                  .row_count = part.page.row_count,
                  .time_first_ns = part.page.time_first_ns,
                  .time_last_ns = part.page.time_last_ns};
  if (page.row_count >= SeriesDirectory::kSummaryRowsMin) {
    const auto known = scan_.directory_of_file(*part.file)->summaries(part.page);
    for (const int place : from.summarized) {
      page.summaries.push_back(place < 0 ? FieldSummary{} : known[static_cast<size_t>(place)]);
    }
  }
  const auto read = [&](int field) -> Result<void> {
    auto bytes = from.reader->read_page(part.page.row_group, field);
    if (!bytes) {
      if (bytes.error().code == ErrorCode::kCorrupt) file.quarantine(bytes.error());
      return fail(bytes.error());
    }
    page.pages.push_back(std::move(*bytes));
    return {};
  };
  TRY_VOID(read(-1));
  for (const int field : from.fields) {
    if (field < 0) {
      page.pages.push_back(absent_page());
    } else {
      TRY_VOID(read(field));
    }
  }
  pages_copied.add();
  return writer.append_page(std::move(page));
}

}  // namespace varve::engine
