// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/time_stream.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "engine/scan/time_slices.h"
#include "engine/series_index/series_keys.h"

namespace varve::engine {
namespace {

std::vector<RowSpan> spans_of(const SegmentView& segment) {
  std::vector<RowSpan> spans;
  for (const auto& file : segment.files) {
    const SstMeta& meta = file->meta();
    spans.push_back({.range = {meta.time_first_ns, meta.time_last_ns + 1},
                     .row_count = meta.row_count});
  }
  for (const auto& memtable : segment.memtables) {
    for (const ChunkSnapshot& part : memtable->snapshot()) {
      spans.push_back({.range = part.chunk->time_range(), .row_count = part.row_count});
    }
  }
  return spans;
}

// What a row takes while its slice is gathered and sorted.
size_t row_bytes(const std::vector<ScanColumn>& columns) {
  constexpr size_t kRowItselfBytes = 48;
  size_t bytes = kRowItselfBytes;
  for (const ScanColumn& column : columns) bytes += is_variable_size(column.type) ? 64 : 10;
  return bytes;
}

}  // namespace

TimeStream::TimeStream(std::unique_ptr<ScanPlan> plan)
    : plan_(std::move(plan)),
      rows_left_(plan_->spec().rows_limit == 0 ? UINT64_MAX : plan_->spec().rows_limit) {
  cut_slices();
}

// How many rows of the table a slice may have, wanted or not.
uint64_t TimeStream::slice_rows() const {
  const uint64_t limit = plan_->spec().rows_limit;
  uint64_t rows = std::min<uint64_t>(kSliceRowsMax,
                                     plan_->bytes_max() / row_bytes(plan_->columns()));
  if (limit != 0) rows = std::min(rows, std::max(kLimitedSliceRows, 4 * limit));
  // Every slice asks for every series, which should not cost more than the rows.
  const uint64_t wanted = std::max<uint64_t>(1, plan_->series().size());
  rows = std::max(rows, wanted);
  return rows * std::max<uint64_t>(1, plan_->table().index().series_count() / wanted);
}

void TimeStream::cut_slices() {
  const uint64_t rows_max = slice_rows_ = slice_rows();
  for (const SegmentView* segment : plan_->segments()) {
    const TimeRange range = plan_->spec().range.intersect(segment->range);
    const size_t first = slices_.size();
    for (const TimeRange& slice : cut_time(range, spans_of(*segment), rows_max, kSlicesMax)) {
      slices_.push_back({.segment = segment, .range = slice});
    }
    if (plan_->spec().descending) {
      std::reverse(slices_.begin() + static_cast<ptrdiff_t>(first), slices_.end());
    }
  }
}

// Only series with rows: a limited scan of many series mostly meets few of them, and making and
// sorting keys costs more than looking for rows. Most slices have the series of the one before.
void TimeStream::rank_series(std::vector<uint32_t> places) {
  if (places == ranked_) return;
  ranked_ = std::move(places);
  const auto& series = plan_->series();
  SeriesKeys keys(plan_->table().index());
  std::vector<std::string_view> key_of;
  key_of.reserve(ranked_.size());
  for (const uint32_t place : ranked_) key_of.push_back(keys.add(series[place]).key);
  std::vector<uint32_t> order(ranked_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
    return !plan_->is_cancelled() && key_of[a] < key_of[b];
  });
  ranks_.resize(series.size());
  series_by_rank_.resize(ranked_.size());
  for (uint32_t rank = 0; rank < order.size(); ++rank) {
    const uint32_t place = ranked_[order[rank]];
    ranks_[place] = rank;
    series_by_rank_[rank] = series[place];
  }
}

// Of the rows of a series those that may be answered: no more than are still wanted, from the end
// at which the answer begins. Of equal times (append tables) the first ones come first at either.
std::vector<RowRun> TimeStream::select_first(std::vector<RowRun> runs, SeriesId id) {
  const bool descending = plan_->spec().descending;
  const bool is_cut = plan_->table().mode() != MergeMode::kAppend;
  uint64_t left = is_cut ? rows_left_ : UINT64_MAX;
  if (descending && is_cut) std::ranges::reverse(runs);
  std::vector<RowRun> first;
  for (const RowRun& run : runs) {
    if (left == 0) break;
    RowRun selected = plan_->select(run, id, false);
    const size_t rows = selected.row_count();
    if (rows == 0) continue;
    if (rows > left) {
      selected = descending ? selected.slice(rows - left, rows) : selected.slice(0, left);
    }
    left -= selected.row_count();
    first.push_back(std::move(selected));
  }
  return first;
}

// Every slice asks for every series. When those of a limited scan bring too little, because a
// condition holds for few rows, neighbours are taken together, more each time.
TimeStream::Slice TimeStream::next_slice() {
  Slice slice = slices_[slice_next_++];
  for (size_t i = 1; i < slices_at_once_ && slice_next_ < slices_.size(); ++i) {
    const Slice& more = slices_[slice_next_];
    if (more.segment != slice.segment) break;
    slice.range.begin_ns = std::min(slice.range.begin_ns, more.range.begin_ns);
    slice.range.end_ns = std::max(slice.range.end_ns, more.range.end_ns);
    ++slice_next_;
  }
  const uint64_t rows_max = std::min<uint64_t>(
      kSliceRowsMax, plan_->bytes_max() / row_bytes(plan_->columns()));
  if (2 * slices_at_once_ * slice_rows_ <= rows_max) slices_at_once_ *= 2;
  return slice;
}

bool TimeStream::is_bounded() const {
  return plan_->spec().rows_limit != 0 && plan_->series().size() > 1 &&
         plan_->series().size() <= kBoundedSeriesMax;
}

Result<void> TimeStream::find_bounds(const SegmentView& segment) {
  bounds_.clear();
  bounds_passed_ = 0;
  bounds_at_once_ = 1;
  const bool descending = plan_->spec().descending;
  const TimeRange range = plan_->spec().range.intersect(segment.range);
  constexpr uint32_t kSeriesAtOnce = 256;
  for (uint32_t place = 0; place < plan_->series().size(); ++place) {
    if (place % kSeriesAtOnce == 0) TRY_VOID(plan_->check_cancelled());
    const SeriesId id = plan_->series()[place];
    const KeyHash hash = plan_->table().index().hash(id);
    const auto bound = TRY(scan_->find_bound(id, hash, range, descending));
    if (bound) bounds_.push_back({.time_ns = *bound, .place = place});
  }
  std::ranges::sort(bounds_, [&](const Bound& a, const Bound& b) {
    return descending ? a.time_ns > b.time_ns : a.time_ns < b.time_ns;
  });
  return {};
}

// A few rows are mostly the first ones of a few series, so the first slices end where those begin.
// What is cut off is the next slice.
void TimeStream::shorten(Slice& slice) {
  if (bounds_at_once_ > kBoundsAtOnceMax || bounds_passed_ >= bounds_.size()) return;
  const bool descending = plan_->spec().descending;
  const size_t last = std::min(bounds_passed_ + bounds_at_once_, bounds_.size()) - 1;
  const int64_t time_ns = bounds_[last].time_ns;
  if (slice.range.contains(time_ns)) {
    Slice rest = slice;
    if (descending) {
      slice.range.begin_ns = rest.range.end_ns = time_ns;
    } else {
      slice.range.end_ns = rest.range.begin_ns = time_ns + 1;
    }
    if (!rest.range.empty()) slices_[--slice_next_] = rest;
    bounds_at_once_ *= 4;
  }
  const auto is_passed = [&](const Bound& bound) {
    return descending ? bound.time_ns >= slice.range.begin_ns
                      : bound.time_ns < slice.range.end_ns;
  };
  while (bounds_passed_ < bounds_.size() && is_passed(bounds_[bounds_passed_])) ++bounds_passed_;
}

// Series that can have rows in the slice, as their places in plan_->series(), rising.
std::vector<uint32_t> TimeStream::places_within(const Slice& slice) const {
  std::vector<uint32_t> places;
  if (!is_bounded()) {
    places.resize(plan_->series().size());
    std::iota(places.begin(), places.end(), 0);
    return places;
  }
  const bool descending = plan_->spec().descending;
  for (const Bound& bound : bounds_) {
    if (descending ? bound.time_ns < slice.range.begin_ns : bound.time_ns >= slice.range.end_ns) {
      break;
    }
    places.push_back(bound.place);
  }
  std::ranges::sort(places);
  return places;
}

Result<void> TimeStream::load_slice(Slice slice) {
  if (scan_segment_ != slice.segment) {
    scan_ = std::make_unique<SegmentScan>(plan_->open(*slice.segment));
    scan_segment_ = slice.segment;
    if (is_bounded()) TRY_VOID(find_bounds(*slice.segment));
  }
  if (is_bounded()) shorten(slice);
  runs_.assign(1, {});
  rows_.clear();
  row_next_ = 0;
  std::vector<uint32_t> places;
  // A few rows of many series would keep the decoded columns of whole files in memory, so they are
  // copied, all together: they become the first run.
  auto few = std::make_shared<OwnedRows>(plan_->columns());
  for (const uint32_t place : places_within(slice)) {
    TRY_VOID(plan_->check_cancelled());
    TRY_VOID(plan_->hold_rows(rows_.size()));
    const SeriesId id = plan_->series()[place];
    auto runs = TRY(plan_->rows(*scan_, id, slice.range));
    for (RowRun& selected : select_first(std::move(runs), id)) {
      const bool is_few = selected.row_count() < kFewRows;
      const auto run = static_cast<uint32_t>(is_few ? 0 : runs_.size());
      const auto begin = static_cast<uint32_t>(is_few ? few->times_ns.size() : 0);
      for (uint32_t row = 0; row < selected.row_count(); ++row) {
        // The place stands for the rank until that is known.
        rows_.push_back(
            {.time_ns = selected.times_ns[row], .rank = place, .run = run, .row = begin + row});
      }
      if (places.empty() || places.back() != place) places.push_back(place);
      if (!is_few) {
        runs_.push_back(std::move(selected));
        continue;
      }
      few->times_ns.insert(few->times_ns.end(), selected.times_ns.begin(),
                           selected.times_ns.end());
      for (size_t c = 0; c < few->columns.size(); ++c) {
        few->columns[c].append_view(selected.columns[c]);
      }
    }
  }
  runs_[0] = to_run(std::move(few), {});
  TRY_VOID(plan_->check_cancelled());
  rank_series(std::move(places));
  for (Row& row : rows_) row.rank = ranks_[row.rank];
  // Rows of one time and series (append tables) stay in their order of arrival either way.
  const auto rising = [&](const Row& a, const Row& b) {
    if (plan_->is_cancelled()) return false;
    return std::tie(a.time_ns, a.rank, a.run, a.row) < std::tie(b.time_ns, b.rank, b.run, b.row);
  };
  const auto falling = [&](const Row& a, const Row& b) {
    if (plan_->is_cancelled()) return false;
    return std::tie(b.time_ns, a.rank, a.run, a.row) < std::tie(a.time_ns, b.rank, b.run, b.row);
  };
  if (plan_->spec().descending) {
    std::ranges::sort(rows_, falling);
  } else {
    std::ranges::sort(rows_, rising);
  }
  return plan_->check_cancelled();
}

ScanBatch TimeStream::take() {
  struct Copied {
    explicit Copied(const ScanPlan& plan)
        : rows(plan.spec().columns), keys(plan.table().index(), plan.spec().key_tags) {}
    OwnedRows rows;
    SeriesKeys keys;
    std::vector<std::shared_ptr<const void>> pins;
  };
  auto copied = std::make_shared<Copied>(*plan_);
  const size_t count = std::min({rows_.size() - row_next_, kBatchRows, size_t{rows_left_}});
  const auto rows = std::span(rows_).subspan(row_next_, count);
  row_next_ += count;
  ScanBatch batch;
  std::unordered_map<uint32_t, uint32_t> place_of_rank;
  // Only text cells view the runs; numbers are copied, so that their memory can go.
  const auto is_text = [](const ScanColumn& column) { return is_variable_size(column.type); };
  std::vector<bool> pinned(runs_.size(), std::ranges::none_of(plan_->spec().columns, is_text));
  for (const Row& row : rows) {
    const auto [place, is_new] =
        place_of_rank.emplace(row.rank, static_cast<uint32_t>(batch.series.size()));
    if (is_new) {
      batch.series.push_back(copied->keys.add(series_by_rank_[row.rank]));
    }
    batch.row_series.push_back(place->second);
    copied->rows.times_ns.push_back(row.time_ns);
    if (!pinned[row.run]) {
      pinned[row.run] = true;
      copied->pins.push_back(runs_[row.run].pin);
    }
  }
  std::vector<RowRef> refs;
  refs.reserve(rows.size());
  for (const Row& row : rows) refs.push_back({.run = row.run, .row = row.row});
  for (size_t c = 0; c < plan_->wanted_count(); ++c) {
    append_refs(runs_, c, refs, copied->rows.columns[c]);
  }
  batch.times_ns = copied->rows.times_ns;
  for (const ColumnVector& column : copied->rows.columns) batch.columns.push_back(column.view());
  batch.pin = std::move(copied);
  rows_left_ -= count;
  return batch;
}

Result<ScanBatch> TimeStream::next() {
  TRY_VOID(plan_->check_cancelled());
  if (rows_left_ == 0) return ScanBatch{};
  while (row_next_ == rows_.size()) {
    if (slice_next_ == slices_.size()) return ScanBatch{};
    TRY_VOID(load_slice(next_slice()));
  }
  return take();
}

}  // namespace varve::engine
