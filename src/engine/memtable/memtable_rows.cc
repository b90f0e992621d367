// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable_rows.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace varve::engine {
std::optional<MemtableRows> MemtableRows::make(
    std::span<const std::shared_ptr<const Memtable>> memtables,
    const std::vector<ScanColumn>& columns, const SeriesIndex& index) {
  MemtableRows rows;
  uint64_t row_count = 0;
  for (const auto& memtable : memtables) {
    rows.memtables_.push_back(memtable);
    for (ChunkSnapshot& chunk : memtable->snapshot()) {
      if (chunk.row_count > kRowMask + 1) return std::nullopt;
      row_count += chunk.row_count;
      rows.times_.push_back(chunk.chunk->times_ns());
      rows.chunks_.push_back(std::move(chunk));
    }
  }
  if (rows.chunks_.size() > kRowMask || row_count > UINT32_MAX) return std::nullopt;
  rows.put_in_order(index);
  rows.add_columns(columns);
  return rows;
}

// Counts the rows of each series, then gives each row its place: rows of a series keep their order.
void MemtableRows::put_in_order(const SeriesIndex& index) {
  SeriesBits bits;
  uint32_t lowest = UINT32_MAX;
  uint32_t highest = 0;
  size_t row_count = 0;
  for (const ChunkSnapshot& part : chunks_) {
    const SeriesId* series = part.chunk->series();
    for (uint32_t row = 0; row < part.row_count; ++row) {
      bits.add(series[row]);
      lowest = std::min(lowest, static_cast<uint32_t>(series[row]));
      highest = std::max(highest, static_cast<uint32_t>(series[row]));
    }
    row_count += part.row_count;
  }
  if (row_count == 0) return;
  series_ = index.by_hash(bits);
  std::vector<uint32_t> place_of(size_t{highest} - lowest + 1);
  for (uint32_t place = 0; place < series_.size(); ++place) {
    place_of[static_cast<uint32_t>(series_[place]) - lowest] = place;
  }
  const auto each_row = [&](const auto& visit) {
    for (uint32_t chunk = 0; chunk < chunks_.size(); ++chunk) {
      const SeriesId* series = chunks_[chunk].chunk->series();
      for (uint32_t row = 0; row < chunks_[chunk].row_count; ++row) {
        visit(place_of[static_cast<uint32_t>(series[row]) - lowest], chunk << kRowBits | row);
      }
    }
  };
  ends_.assign(series_.size(), 0);
  each_row([&](uint32_t place, Ref) { ++ends_[place]; });
  uint32_t begin = 0;
  for (uint32_t& end : ends_) begin += std::exchange(end, begin);
  refs_.resize(row_count);
  // What is where a series begins becomes where it ends.
  each_row([&](uint32_t place, Ref ref) { refs_[ends_[place]++] = ref; });
}

void MemtableRows::add_columns(const std::vector<ScanColumn>& columns) {
  for (const ScanColumn& wanted : columns) {
    Column& column = columns_.emplace_back();
    column.type = wanted.type;
    for (const ChunkSnapshot& part : chunks_) {
      const int place = part.chunk->column_index(wanted);
      ChunkCells cells{.type = wanted.type};
      if (place >= 0) cells = part.chunk->cells(static_cast<size_t>(place), part.row_count);
      column.is_dense &= cells.values != nullptr && cells.states == nullptr;
      if (column.parts.empty()) column.form = cells.form;
      if (column.form != cells.form) column.form.reset();
      column.parts.push_back(cells);
    }
  }
}

// Rows of a series lie far apart: their times are fetched early.
void MemtableRows::gather_times(std::span<const Ref> refs) {
  constexpr size_t kAhead = 24;
  times_of_series_.resize(refs.size());
  for (size_t i = 0; i < refs.size(); ++i) {
    if (i + kAhead < refs.size()) {
      const Ref later = refs[i + kAhead];
      __builtin_prefetch(times_[later >> kRowBits] + (later & kRowMask));
    }
    times_of_series_[i] = time_of(refs[i]);
  }
}

// Puts the rows of a series in order, and their times into times_of_series_. Rows mostly arrive in
// stretches that rise in time. Stretches of several senders overlap, but not row by row: cut where
// others begin and end, they are put in order as wholes.
void MemtableRows::sort_by_time(std::span<Ref> refs) {
  gather_times(refs);
  auto& times = times_of_series_;
  std::vector<Stretch> stretches;
  size_t begin = 0;
  for (size_t i = 1; i < refs.size(); ++i) {
    if (times[i] >= times[i - 1]) continue;
    stretches.push_back({begin, i});
    begin = i;
  }
  if (stretches.empty()) return;
  stretches.push_back({begin, refs.size()});
  if (!cut_stretches(stretches)) {
    std::vector<std::pair<int64_t, Ref>> timed(refs.size());
    for (size_t i = 0; i < refs.size(); ++i) timed[i] = {times[i], refs[i]};
    std::ranges::stable_sort(timed, {}, &std::pair<int64_t, Ref>::first);
    for (size_t i = 0; i < refs.size(); ++i) std::tie(times[i], refs[i]) = timed[i];
    return;
  }
  arrival_.assign(refs.begin(), refs.end());
  times_of_arrival_ = times;
  size_t next = 0;
  for (const Stretch& stretch : stretches) {
    const size_t count = stretch.end - stretch.begin;
    std::copy_n(arrival_.data() + stretch.begin, count, refs.data() + next);
    std::copy_n(times_of_arrival_.data() + stretch.begin, count, times.data() + next);
    next += count;
  }
}

// Cuts stretches of times_of_series_ until none touches another, and puts them in order. False when
// that would take too many pieces, or rows of several have one time.
bool MemtableRows::cut_stretches(std::vector<Stretch>& stretches) const {
  constexpr size_t kRowsOfPieceMin = 8;
  const auto& times = times_of_series_;
  const auto first_time = [&](const Stretch& part) { return times[part.begin]; };
  const auto last_time = [&](const Stretch& part) { return times[part.end - 1]; };
  const size_t pieces_max = times.size() / kRowsOfPieceMin;
  std::vector<int64_t> cuts;  // A piece that begins before one of them ends before it.
  for (const Stretch& part : stretches) {
    cuts.push_back(first_time(part));
    if (last_time(part) < INT64_MAX) cuts.push_back(last_time(part) + 1);
  }
  std::ranges::sort(cuts);
  std::vector<Stretch> pieces;
  for (const Stretch& part : stretches) {
    size_t begin = part.begin;
    auto cut = std::ranges::upper_bound(cuts, first_time(part));
    for (; cut != cuts.end() && *cut <= last_time(part); ++cut) {
      size_t end = begin;
      while (end < part.end && times[end] < *cut) ++end;
      if (end == begin) continue;
      pieces.push_back({begin, end});
      begin = end;
      if (pieces.size() > pieces_max) return false;
    }
    pieces.push_back({begin, part.end});
  }
  std::ranges::stable_sort(pieces, {}, first_time);
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (last_time(pieces[i - 1]) >= first_time(pieces[i])) return false;
  }
  stretches = std::move(pieces);
  return true;
}

// Neighbours of one series lie far apart: what comes later is fetched early.
void MemtableRows::gather_words(const Column& column, std::span<const Ref> refs,
                                uint64_t* out) const {
  constexpr size_t kAhead = 24;
  const ChunkCells* parts = column.parts.data();
  if (!column.form) {
    for (size_t i = 0; i < refs.size(); ++i) {
      out[i] = parts[refs[i] >> kRowBits].word(refs[i] & kRowMask);
    }
    return;
  }
  const size_t cell_bytes = cell_size_bytes(column.type, *column.form);
  with_cell_reader(column.type, *column.form, [&](auto read) {
    const auto value = [&](Ref ref) { return read(parts[ref >> kRowBits].values, ref & kRowMask); };
    size_t i = 0;
    for (; i + kAhead < refs.size(); ++i) {
      const Ref later = refs[i + kAhead];
      __builtin_prefetch(static_cast<const char*>(parts[later >> kRowBits].values) +
                         (later & kRowMask) * cell_bytes);
      out[i] = value(refs[i]);
    }
    for (; i < refs.size(); ++i) out[i] = value(refs[i]);
  });
}

// Rows of many series lie beside each other, so all series read a chunk while it is near: each as
// far as its next rows are of that chunk. What is not in the order of the chunks comes last.
void MemtableRows::gather_by_chunk(const Column& column, std::span<const Run> runs,
                                   std::span<const Ref> refs, uint64_t* out) {
  run_next_.clear();
  for (const Run& run : runs) run_next_.push_back(run.row_begin);
  for (uint32_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    const ChunkCells& cells = column.parts[chunk];
    with_cell_reader(column.type, cells.form, [&](auto read) {
      for (size_t run = 0; run < runs.size(); ++run) {
        const uint32_t end = runs[run].row_begin + runs[run].row_count;
        uint32_t row = run_next_[run];
        for (; row < end && refs[row] >> kRowBits == chunk; ++row) {
          out[row] = read(cells.values, refs[row] & kRowMask);
        }
        run_next_[run] = row;
      }
    });
  }
  for (size_t run = 0; run < runs.size(); ++run) {
    const uint32_t end = runs[run].row_begin + runs[run].row_count;
    const uint32_t next = run_next_[run];
    gather_words(column, refs.subspan(next, end - next), out + next);
  }
}

void MemtableRows::gather(const Column& column, std::span<const Run> runs,
                          std::span<const Ref> refs, ColumnVector& to) {
  constexpr size_t kRowsOfChunkMin = 16;
  const bool is_word = !is_variable_size(column.type) && column.type != ValueType::kBool;
  if (!is_word || !column.is_dense) {
    for (const Ref ref : refs) append_cell(column.parts[ref >> kRowBits], ref & kRowMask, to);
    return;
  }
  auto* out = static_cast<uint64_t*>(to.append_uninitialized(refs.size()));
  if (refs.size() / (runs.size() * chunks_.size()) >= kRowsOfChunkMin) {
    gather_by_chunk(column, runs, refs, out);
  } else {
    gather_words(column, refs, out);
  }
}

size_t MemtableRows::size_bytes() const {
  return (refs_.size() + ends_.size() + series_.size()) * sizeof(uint32_t);
}

bool MemtableRows::next(size_t rows_together, size_t rows_max, Slab& slab) {
  if (ref_next_ == refs_.size()) return false;
  CHECK(rows_together > 0 && rows_max > 0);
  slab.runs.clear();
  slab.times_ns.clear();
  slab.has_equal_times = false;
  const size_t ref_begin = ref_next_;
  while (ref_next_ < refs_.size()) {
    const size_t series_begin = series_next_ == 0 ? 0 : ends_[series_next_ - 1];
    const size_t series_end = ends_[series_next_];
    const size_t taken = ref_next_ - ref_begin;
    if (taken > 0 && taken + (series_end - ref_next_) > rows_together) break;
    if (ref_next_ == series_begin) {
      sort_by_time(std::span(refs_).subspan(series_begin, series_end - series_begin));
    }
    const auto rest = std::span(times_of_series_).subspan(ref_next_ - series_begin);
    size_t row_count = std::min(rest.size(), rows_max);
    while (row_count < rest.size() && rest[row_count] == rest[row_count - 1]) ++row_count;
    const auto times = rest.first(row_count);
    if (std::ranges::adjacent_find(times) != times.end()) {
      if (taken > 0) break;
      slab.has_equal_times = true;
    }
    slab.times_ns.insert(slab.times_ns.end(), times.begin(), times.end());
    slab.runs.push_back({.series = series_[series_next_],
                         .row_begin = static_cast<uint32_t>(taken),
                         .row_count = static_cast<uint32_t>(times.size())});
    ref_next_ += row_count;
    if (ref_next_ == series_end) ++series_next_;
    if (slab.has_equal_times || ref_next_ < series_end) break;
  }
  if (slab.columns.empty()) {
    for (const Column& column : columns_) slab.columns.emplace_back(column.type);
  }
  const auto refs = std::span(refs_).subspan(ref_begin, ref_next_ - ref_begin);
  for (size_t c = 0; c < columns_.size(); ++c) {
    slab.columns[c].clear();
    gather(columns_[c], slab.runs, refs, slab.columns[c]);
  }
  return true;
}

}  // namespace varve::engine
