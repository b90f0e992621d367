// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/sst_scan.h"

#include <algorithm>

namespace varve::engine {

SstScan::SstScan(std::shared_ptr<SstFile> file, const std::vector<ScanColumn>& columns,
                 PinBudget& budget)
    : file_(std::move(file)), columns_(columns), budget_(budget) {
  ++budget_.files;
}

SstScan::SstScan(SstScan&& other) noexcept
    : file_(std::move(other.file_)),
      columns_(other.columns_),
      budget_(other.budget_),
      fields_(std::move(other.fields_)),
      summarized_(std::move(other.summarized_)),
      directory_(std::move(other.directory_)),
      next_series_(other.next_series_),
      pinned_(std::move(other.pinned_)),
      pinned_bytes_(std::exchange(other.pinned_bytes_, 0)) {}

SstScan::~SstScan() {
  unpin();
  if (file_) --budget_.files;
}

void SstScan::unpin() {
  budget_.bytes -= pinned_bytes_;
  pinned_bytes_ = 0;
  pinned_.reset();
}

Result<std::span<const SeriesRows>> SstScan::find(const KeyHash& series) {
  const auto at = [&](size_t index) {
    return index < directory_->series_count() && directory_->series(index).hash == series;
  };
  // A scan over all series finds the next one where it expects it, one over many near to that.
  if (directory_ && next_series_ > 0 && at(next_series_ - 1)) {
    return directory_->rows(next_series_ - 1);
  }
  if (directory_) {
    constexpr size_t kNear = 8;
    const size_t end = std::min(directory_->series_count(), next_series_ + kNear);
    size_t place = next_series_;
    while (place < end && directory_->series(place).hash < series) ++place;
    if (at(place)) {
      next_series_ = place + 1;
      return directory_->rows(place);
    }
  }
  const bool inside = directory_ && !(series < directory_->series(0).hash) &&
                      !(directory_->series(directory_->series_count() - 1).hash < series);
  if (!inside) {
    const auto reader = TRY(file_->reader());
    const auto block = reader->directory().find(series);
    if (!block) return std::span<const SeriesRows>();
    directory_ = TRY(file_->read_directory(*block));
  }
  const auto found = directory_->find(series);
  if (!found) return std::span<const SeriesRows>();
  next_series_ = *found + 1;
  return directory_->rows(*found);
}

Result<void> SstScan::collect(const KeyHash& series, const TimeRange& range,
                              std::vector<RowRun>& runs,
                              std::span<const SeriesRows* const> skipped) {
  const SstMeta& meta = file_->meta();
  if (meta.time_last_ns < range.begin_ns || meta.time_first_ns >= range.end_ns) return {};
  if (file_->quarantined()) return {};
  const size_t runs_before = runs.size();
  for (const SeriesRows& rows : TRY(find(series))) {
    if (rows.time_last_ns < range.begin_ns || rows.time_first_ns >= range.end_ns) continue;
    if (std::ranges::find(skipped, &rows) != skipped.end()) continue;
    if (auto collected = collect_rows(rows, range, runs); !collected) {
      runs.erase(runs.begin() + static_cast<ptrdiff_t>(runs_before), runs.end());
      return collected;
    }
  }
  return {};
}

Result<void> SstScan::find_fields() {
  if (fields_.size() == columns_.size()) return {};
  const auto reader = TRY(file_->reader());
  for (const ScanColumn& column : columns_) {
    const int field = reader->field_index(column.id);
    const bool same =
        field >= 0 && reader->fields()[static_cast<size_t>(field)].type == column.type;
    fields_.push_back(same ? field : -1);
    summarized_.push_back(-1);
    if (!same || !is_summarized(column.type)) continue;
    const auto before = std::span(reader->fields()).subspan(0, static_cast<size_t>(field));
    summarized_.back() = static_cast<int>(std::ranges::count_if(
        before, [](const SstColumn& other) { return is_summarized(other.type); }));
  }
  return {};
}

Result<void> SstScan::summarize(const SeriesRows& rows,
                                std::vector<std::optional<CellSummary>>& columns) {
  const auto summaries = directory_->summaries(rows);
  columns.assign(columns_.size(), std::nullopt);
  if (summaries.empty()) return {};
  TRY_VOID(find_fields());
  for (size_t c = 0; c < columns_.size(); ++c) {
    // Of a column that the file lacks every cell is absent.
    if (fields_[c] < 0) columns[c].emplace();
    if (summarized_[c] < 0) continue;
    const FieldSummary& known = summaries[static_cast<size_t>(summarized_[c])];
    columns[c] = {.count = known.count,
                  .min_bits = known.min_bits,
                  .max_bits = known.max_bits,
                  .sum_bits = known.sum_bits,
                  .first_bits = known.first_bits,
                  .last_bits = known.last_bits};
  }
  return {};
}

size_t SstScan::Decoded::size_bytes() const {
  size_t bytes = times->size_bytes();
  for (const auto& column : columns) bytes += column ? column->size_bytes() : 0;
  return bytes;
}

std::shared_ptr<SstScan::Decoded> SstScan::Decoded::copy(size_t begin, size_t end) const {
  const auto rows_of = [&](const DecodedColumn& column) {
    ColumnVector cells(column.view().type);
    cells.append_view(column.view().slice(begin - row_begin, end - row_begin));
    return std::make_shared<const DecodedColumn>(std::move(cells));
  };
  auto part = std::make_shared<Decoded>();
  part->row_group = row_group;
  part->row_begin = begin;
  part->row_end = end;
  part->times = rows_of(*times);
  for (const auto& column : columns) part->columns.push_back(column ? rows_of(*column) : nullptr);
  return part;
}

void SstScan::pin(std::shared_ptr<Decoded> decoded) {
  pinned_ = std::move(decoded);
  pinned_bytes_ = pinned_->size_bytes();
  budget_.bytes += pinned_bytes_;
}

// Series come by hash, so the next ones lie behind the wanted rows: what is kept of a row group is
// what they will ask for.
Result<std::shared_ptr<SstScan::Decoded>> SstScan::decode(const SeriesRows& rows) {
  if (pinned_ && pinned_->covers(rows)) return pinned_;
  unpin();
  TRY_VOID(find_fields());
  auto decoded = std::make_shared<Decoded>();
  decoded->row_group = rows.row_group;
  decoded->times = TRY(file_->read(rows.row_group, -1));
  decoded->row_end = decoded->times->view().row_count;
  decoded->columns.resize(fields_.size());
  for (size_t c = 0; c < fields_.size(); ++c) {
    if (fields_[c] >= 0) decoded->columns[c] = TRY(file_->read(rows.row_group, fields_[c]));
  }
  if (!decoded->covers(rows)) {
    const Error error{.code = ErrorCode::kCorrupt,
                      .message = file_->path() +
                                 ": the series directory names rows that are not there"};
    file_->quarantine(error);
    return fail(error);
  }
  const size_t bytes = decoded->size_bytes();
  if (budget_.may_hold(budget_.bytes + bytes)) {
    pin(decoded);
    return decoded;
  }
  const size_t row_bytes = bytes / decoded->row_end + 1;
  const size_t count = std::max<size_t>(rows.row_count, budget_.share() / row_bytes);
  pin(decoded->copy(rows.row_begin, std::min(decoded->row_end, rows.row_begin + count)));
  return pinned_;
}

Result<SstScan::Part> SstScan::read(const SeriesRows& rows, const TimeRange& range) {
  const auto decoded = TRY(decode(rows));
  const size_t offset = rows.row_begin - decoded->row_begin;
  const auto times = decoded->times->view().as<int64_t>().subspan(offset, rows.row_count);
  const auto first = std::lower_bound(times.begin(), times.end(), range.begin_ns);
  const auto last = std::lower_bound(first, times.end(), range.end_ns);
  return Part{.decoded = decoded,
              .begin = offset + static_cast<size_t>(first - times.begin()),
              .end = offset + static_cast<size_t>(last - times.begin())};
}

Result<bool> SstScan::append_edge(const SeriesRows& rows, Edge edge, OwnedRows& to) {
  const auto summaries = directory_->summaries(rows);
  if (summaries.empty() || file_->meta().mode == MergeMode::kAppend) return false;
  TRY_VOID(find_fields());
  const auto known = [&](size_t c) -> const FieldSummary& {
    return summaries[static_cast<size_t>(summarized_[c])];
  };
  bool has_cells = false;
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (fields_[c] < 0) continue;
    // Only then the first row has the first value.
    if (summarized_[c] < 0 || known(c).count != rows.row_count) return false;
    has_cells = true;
  }
  if (!has_cells) return false;
  const bool is_first = edge == Edge::kFirst;
  to.times_ns.push_back(is_first ? rows.time_first_ns : rows.time_last_ns);
  for (size_t c = 0; c < columns_.size(); ++c) {
    ColumnVector& cells = to.columns[c];
    if (fields_[c] < 0) {
      cells.pad_to(cells.row_count() + 1);
      continue;
    }
    *static_cast<uint64_t*>(cells.append_uninitialized(1)) =
        is_first ? known(c).first_bits : known(c).last_bits;
  }
  return true;
}

// When the range has no more of the run than its first or its last row.
Result<std::optional<RowRun>> SstScan::edge_row(const SeriesRows& rows, const TimeRange& range) {
  const bool has_first = range.contains(rows.time_first_ns);
  const bool is_first = has_first && range.end_ns - 1 == rows.time_first_ns;
  const bool is_last = !has_first && range.begin_ns == rows.time_last_ns;
  if (!is_first && !is_last) return std::nullopt;
  auto row = std::make_shared<OwnedRows>(columns_);
  if (!TRY(append_edge(rows, is_first ? Edge::kFirst : Edge::kLast, *row))) return std::nullopt;
  return to_run(std::move(row), {});
}

Result<void> SstScan::collect_rows(const SeriesRows& rows, const TimeRange& range,
                                   std::vector<RowRun>& runs) {
  if (auto edge = TRY(edge_row(rows, range))) {
    runs.push_back(std::move(*edge));
    return {};
  }
  Part part = TRY(read(rows, range));
  if (part.begin == part.end) return {};
  RowRun run;
  run.times_ns =
      part.decoded->times->view().as<int64_t>().subspan(part.begin, part.end - part.begin);
  run.columns.reserve(columns_.size());
  for (size_t c = 0; c < columns_.size(); ++c) {
    const auto& column = part.decoded->columns[c];
    run.columns.push_back(column ? column->view().slice(part.begin, part.end)
                                 : absent_cells(columns_[c].type, part.end - part.begin));
  }
  run.pin = std::move(part.decoded);
  run.times_differ = file_->meta().mode != MergeMode::kAppend;
  runs.push_back(std::move(run));
  return {};
}

}  // namespace varve::engine
