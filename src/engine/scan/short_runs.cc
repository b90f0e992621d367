// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/short_runs.h"

#include <algorithm>

namespace varve::engine {

Result<bool> ShortRuns::add(SeriesId series, bool leave_summarized) {
  if (!plan_.wants_all(series)) return false;
  if (page_bytes_ > kPageBytesMax) gather();
  const KeyHash hash = plan_.table().index().hash(series);
  const ScanSpec& spec = plan_.spec();
  size_t pieces_before = pieces_.size();
  const size_t rows_before = row_count_;
  const auto leave = [&] {
    pieces_.resize(pieces_before);
    row_count_ = rows_before;
    return false;
  };
  uint64_t left = spec.series_rows_limit == 0 ? UINT64_MAX : spec.series_rows_limit;
  for (SegmentScan& segment : segments_) {
    const uint64_t rows_max = left == UINT64_MAX ? 0 : left;
    const auto run =
        TRY(segment.find_only_run(series, hash, spec.range, rows_max, spec.descending));
    if (!run) return leave();
    if (run->rows == nullptr) continue;
    if (leave_summarized && run->rows->summaries_begin) return leave();
    if (std::min<uint64_t>(run->rows->row_count, left) > kRunRowsMax) return leave();
    if (spec.series_rows_limit == 1 && run->rows->summaries_begin) {
      if (TRY(add_edge(series, *run))) break;
      pieces_before = pieces_.size();
    }
    auto part = run->file->read(*run->rows, spec.range);
    if (!part && part.error().code == ErrorCode::kCorrupt) return leave();
    if (!part) return fail(part.error());
    const size_t before = row_count_;
    if (!add_part(series, *part, left)) return leave();
    left -= row_count_ - before;
    if (left == 0) break;
  }
  return true;
}

// The row with which the answer begins, when the file keeps it apart from its page.
Result<bool> ShortRuns::add_edge(SeriesId series, const SegmentScan::OnlyRun& run) {
  const bool descending = plan_.spec().descending;
  const int64_t time_ns = descending ? run.rows->time_last_ns : run.rows->time_first_ns;
  if (!plan_.spec().range.contains(time_ns)) return false;
  gather();
  const auto edge = descending ? SstScan::Edge::kLast : SstScan::Edge::kFirst;
  const auto row = static_cast<uint32_t>(copied_->rows.times_ns.size());
  if (!TRY(run.file->append_edge(*run.rows, edge, copied_->rows))) return false;
  ++row_count_;
  add_run(series, row, row + 1);
  return true;
}

void ShortRuns::add_run(SeriesId series, uint32_t begin, uint32_t end) {
  if (!runs_.empty() && series_last_ == series) {
    runs_.back().end = end;
  } else {
    runs_.push_back({.series = copied_->keys.add(series), .begin = begin, .end = end});
  }
  series_last_ = series;
}

// False when some of the rows may not exist, because all their cells are absent.
bool ShortRuns::add_part(SeriesId series, const SstScan::Part& part, uint64_t rows_max) {
  const auto count = static_cast<uint32_t>(std::min<uint64_t>(part.end - part.begin, rows_max));
  if (count == 0) return true;
  if (pages_.empty() || pages_.back() != part.decoded) {
    const auto is_dense = [](const std::shared_ptr<const DecodedColumn>& column) {
      return column && column->view().states == nullptr;
    };
    if (std::ranges::none_of(part.decoded->columns, is_dense)) return false;
    pages_.push_back(part.decoded);
    page_bytes_ += part.decoded->size_bytes();
  }
  const bool descending = plan_.spec().descending;
  const auto begin = static_cast<uint32_t>(descending ? part.end - count : part.begin);
  pieces_.push_back({.series = series,
                     .page = static_cast<uint32_t>(pages_.size() - 1),
                     .begin = begin,
                     .end = begin + count});
  row_count_ += count;
  return true;
}

// Copies the rows of the pieces, so that the pages can go.
void ShortRuns::gather() {
  if (!copied_) copied_ = std::make_shared<Copied>(plan_);
  if (pieces_.empty()) return;
  auto row = static_cast<uint32_t>(copied_->rows.times_ns.size());
  for (const Piece& piece : pieces_) {
    add_run(piece.series, row, row + piece.row_count());
    row += piece.row_count();
  }
  gather_times(copied_->rows.times_ns);
  for (size_t c = 0; c < copied_->rows.columns.size(); ++c) {
    gather_cells(c, copied_->rows.columns[c]);
  }
  pages_.clear();
  page_bytes_ = 0;
  pieces_.clear();
}

void ShortRuns::gather_times(std::vector<int64_t>& to) const {
  const bool descending = plan_.spec().descending;
  for (const Piece& piece : pieces_) {
    const auto from = pages_[piece.page]->times->view().as<int64_t>();
    if (descending) {
      for (uint32_t row = piece.end; row > piece.begin; --row) to.push_back(from[row - 1]);
    } else {
      to.insert(to.end(), from.begin() + piece.begin, from.begin() + piece.end);
    }
  }
}

void ShortRuns::gather_cells(size_t column, ColumnVector& to) const {
  const bool descending = plan_.spec().descending;
  std::vector<ColumnView> cells;  // By page.
  bool is_plain = !is_variable_size(to.type()) && to.type() != ValueType::kBool;
  for (const auto& page : pages_) {
    const auto& decoded = page->columns[column];
    cells.push_back(decoded ? decoded->view()
                            : absent_cells(to.type(), page->row_end - page->row_begin));
    is_plain = is_plain && cells.back().states == nullptr;
  }
  if (is_plain) {
    const size_t count = row_count_ - to.row_count();
    auto* out = static_cast<uint64_t*>(to.append_uninitialized(count));
    for (const Piece& piece : pieces_) {
      const auto* from = static_cast<const uint64_t*>(cells[piece.page].values);
      if (descending) {
        for (uint32_t row = piece.end; row > piece.begin; --row) *out++ = from[row - 1];
      } else {
        for (uint32_t row = piece.begin; row < piece.end; ++row) *out++ = from[row];
      }
    }
    return;
  }
  // Text is copied, too.
  for (const Piece& piece : pieces_) {
    if (!descending) {
      to.append_view(cells[piece.page].slice(piece.begin, piece.end));
      continue;
    }
    for (uint32_t row = piece.end; row > piece.begin; --row) {
      to.append_view(cells[piece.page].slice(row - 1, row));
    }
  }
}

ScanBatch ShortRuns::take() {
  gather();
  ScanBatch batch;
  batch.runs = std::move(runs_);
  runs_.clear();
  batch.times_ns = copied_->rows.times_ns;
  for (const ColumnVector& column : copied_->rows.columns) batch.columns.push_back(column.view());
  batch.pin = std::move(copied_);
  copied_.reset();
  row_count_ = 0;
  return batch;
}

}  // namespace varve::engine
