// SPDX-License-Identifier: Apache-2.0
// All rows of some memtables, series by series in order of hash: what a flush writes. One pass puts
// them in order for all series together, and each column of many series is gathered at once.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/memtable/memtable.h"
#include "engine/series_index/series_index.h"
#include "model/column_vector.h"
#include "model/scan_spec.h"

namespace varve::engine {

class MemtableRows {
 public:
  struct Run {
    SeriesId series{};
    uint32_t row_begin = 0;
    uint32_t row_count = 0;
  };
  /// Rows of some neighbouring series, each series rising in time; equal times in order of arrival.
  struct Slab {
    std::vector<Run> runs;
    std::vector<int64_t> times_ns;
    /// Those that were asked for, in that order. Texts are views into the memtables.
    std::vector<ColumnVector> columns;
    /// Some rows have the time of the one before; then the slab has one series, and no later slab
    /// has a row of that time.
    bool has_equal_times = false;
  };

  /// Memtables stand in order of version, are sealed, and hold rows of one table. `columns` and
  /// `index` outlive the object. Nothing when there are too many chunks to be numbered.
  static std::optional<MemtableRows> make(
      std::span<const std::shared_ptr<const Memtable>> memtables,
      const std::vector<ScanColumn>& columns, const SeriesIndex& index);

  /// The next rows: of short series about as many as `rows_together`, of one long series at most
  /// `rows_max`, unless more have the same time. False: there are none. The slab's memory is used
  /// again.
  bool next(size_t rows_together, size_t rows_max, Slab& slab);
  /// What the order of the rows takes; a series needs up to 28 bytes more a row while it is read.
  size_t size_bytes() const;

 private:
  // A chunk and a row of it.
  using Ref = uint32_t;
  static constexpr unsigned kRowBits = 16;
  struct Column {
    ValueType type{};
    bool is_dense = true;  // All cells of all chunks hold a value.
    std::optional<CellForm> form;  // That of all chunks.
    std::vector<ChunkCells> parts;  // By chunk; without values where it lacks the column.
  };

  MemtableRows() = default;
  void put_in_order(const SeriesIndex& index);
  void add_columns(const std::vector<ScanColumn>& columns);
  int64_t time_of(Ref ref) const { return times_[ref >> kRowBits][ref & kRowMask]; }
  struct Stretch {
    size_t begin = 0;
    size_t end = 0;
  };
  void gather_times(std::span<const Ref> refs);
  void sort_by_time(std::span<Ref> refs);
  bool cut_stretches(std::vector<Stretch>& stretches) const;
  void gather(const Column& column, std::span<const Run> runs, std::span<const Ref> refs,
              ColumnVector& to);
  void gather_words(const Column& column, std::span<const Ref> refs, uint64_t* out) const;
  void gather_by_chunk(const Column& column, std::span<const Run> runs, std::span<const Ref> refs,
                       uint64_t* out);
  static constexpr uint32_t kRowMask = (1u << kRowBits) - 1;

  std::vector<std::shared_ptr<const Memtable>> memtables_;
  std::vector<ChunkSnapshot> chunks_;
  std::vector<const int64_t*> times_;  // By chunk.
  std::vector<Column> columns_;
  std::vector<SeriesId> series_;   // In order of hash.
  std::vector<uint32_t> ends_;     // By place in series_: its rows end there in refs_.
  std::vector<Ref> refs_;
  size_t series_next_ = 0;
  size_t ref_next_ = 0;
  std::vector<int64_t> times_of_series_;  // Of the series that was put in order last.
  // Scratch.
  std::vector<Ref> arrival_;
  std::vector<int64_t> times_of_arrival_;
  std::vector<uint32_t> run_next_;
};

}  // namespace varve::engine
