// SPDX-License-Identifier: Apache-2.0
// The common currency of aggregation: mergeable states of one column over slots, where a slot is
// one (group, window). Page statistics, window queries, materialized views and nodes exchange them.
//
//   run of one series        pieces                     states, columnar, one entry per slot
//   t v t v t v t v  ──▶  [slot 0: rows 0..5)   ──fold──▶  counts[] sums[] mins[] min_times[] …
//                         [slot 1: rows 5..9)
//
// docs/formats/partial_state.md describes the bytes.
// Threads: one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/cell_summary.h"
#include "model/column_vector.h"
#include "model/value.h"

namespace varve {

/// What a state keeps; the numbers are part of the format. The count is always kept.
enum class StatePart : uint8_t {
  kSum = 1,    ///< Integers wrap; floats are added in the order in which they come.
  kMin = 2,    ///< With its time; of equal values the earliest. NaN only when there is no other.
  kMax = 4,    ///< Likewise.
  kFirst = 8,  ///< With its time; of equal times the larger value, of booleans false.
  kLast = 16,  ///< With its time; of equal times the larger value.
};
using StateParts = uint8_t;
constexpr StateParts operator|(StatePart a, StatePart b) {
  return static_cast<StateParts>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr StateParts operator|(StateParts a, StatePart b) {
  return static_cast<StateParts>(a | static_cast<uint8_t>(b));
}
constexpr bool has_part(StateParts parts, StatePart part) {
  return (parts & static_cast<uint8_t>(part)) != 0;
}
inline constexpr StateParts kAllStateParts = 31;

/// The parts that a type can have: bool has no sum; text has neither sum, min nor max.
StateParts supported_parts(ValueType type);

/// Rows [begin, end) of a run belong to this slot.
struct StatePiece {
  uint32_t slot = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Splits times into windows [origin + k·every, origin + (k+1)·every) and calls
/// take(k, begin, end) for each stretch of rows of one window, in order. Regular times cost one
/// comparison a window, others a gallop.
/// Requires rising (or equal) times, every_ns > 0 and all times >= origin_ns.
template <class Take>
void split_by_window(std::span<const int64_t> times_ns, int64_t origin_ns, int64_t every_ns,
                     Take&& take);
/// The same for windows [edges[k], edges[k + 1]). Requires rising edges around all times.
template <class Take>
void split_by_edges(std::span<const int64_t> times_ns, std::span<const int64_t> edges_ns,
                    Take&& take);

class PartialStates {
 public:
  /// Every slot starts empty. `parts` are cut to what the type supports.
  PartialStates(ValueType type, StateParts parts, size_t slot_count);

  ValueType type() const { return type_; }
  StateParts parts() const { return parts_; }
  size_t slot_count() const { return counts_.size(); }
  /// Adds empty slots at the end.
  void grow(size_t slot_count);
  /// Bytes held, for budgets.
  size_t size_bytes() const;
  /// About what each slot of such states takes.
  static size_t slot_size_bytes(ValueType type, StateParts parts);

  /// Folds rows in. Cells without a value are passed over. Requires values of type(), pieces
  /// inside the rows and slots below slot_count(); times rise inside a piece, or fall in all.
  void fold(std::span<const StatePiece> pieces, std::span<const int64_t> times_ns,
            const ColumnView& values);
  /// Folds in cells of which no more is known. Requires a number type, no sum of doubles, and
  /// doubles without NaN. Their first and last value have the times given; so have the others,
  /// whose own are not known: min_time_ns() and max_time_ns() mean nothing then.
  void fold_summary(size_t slot, const CellSummary& cells, int64_t time_first_ns,
                    int64_t time_last_ns);
  /// Merges other's slot into one of this. Requires the same type and parts.
  void merge(size_t slot, const PartialStates& other, size_t other_slot);

  uint64_t count(size_t slot) const { return counts_[slot]; }
  /// A part of a slot that is not empty; of an empty one, zero or empty text.
  Value sum(size_t slot) const;
  Value min(size_t slot) const;
  Value max(size_t slot) const;
  Value first(size_t slot) const;
  Value last(size_t slot) const;
  int64_t min_time_ns(size_t slot) const { return min_times_[slot]; }
  int64_t max_time_ns(size_t slot) const { return max_times_[slot]; }
  int64_t first_time_ns(size_t slot) const { return first_times_[slot]; }
  int64_t last_time_ns(size_t slot) const { return last_times_[slot]; }
  /// Sum divided by count; requires numbers and kSum.
  double mean(size_t slot) const;

 private:
  template <class T>
  struct Columns {
    std::vector<T> sums, mins, maxs, firsts, lasts;
  };
  using Storage = std::variant<Columns<double>, Columns<int64_t>, Columns<uint64_t>,
                               Columns<uint8_t>, Columns<std::string>>;

  template <class T>
  void fold_run(Columns<T>& columns, size_t slot, const int64_t* times_ns, const T* values,
                size_t row_count);
  template <class T>
  void fold_known(Columns<T>& columns, size_t slot, const CellSummary& cells,
                  int64_t time_first_ns, int64_t time_last_ns);
  void fold_text(size_t slot, const int64_t* times_ns, const std::string_view* values,
                 size_t row_count);
  template <class T, class Cell>
  void fold_ends(Columns<T>& columns, size_t slot, const int64_t* times_ns, const Cell* values,
                 size_t row_count);
  template <class T, class Cell>
  void offer_first(Columns<T>& columns, size_t slot, bool is_empty, int64_t time_ns,
                   const Cell& value);
  template <class T, class Cell>
  void offer_last(Columns<T>& columns, size_t slot, bool is_empty, int64_t time_ns,
                  const Cell& value);
  template <class T>
  void merge_columns(Columns<T>& columns, size_t slot, const PartialStates& other,
                     const Columns<T>& others, size_t other_slot);
  Value value_at(size_t slot, StatePart part) const;

  friend void encode_partial_states(const PartialStates& states, std::string& out);
  friend Result<PartialStates> decode_partial_states(std::string_view& bytes,
                                                     size_t slot_count_max);

  ValueType type_;
  StateParts parts_;
  std::vector<uint64_t> counts_;
  std::vector<int64_t> min_times_, max_times_, first_times_, last_times_;
  Storage storage_;
};

/// Appends the states, format number first.
void encode_partial_states(const PartialStates& states, std::string& out);
/// Takes states off the front. kCorrupt when the bytes are none or say more than the given number
/// of slots (empty ones cost one byte each, so that memory stays a multiple of the bytes).
Result<PartialStates> decode_partial_states(std::string_view& bytes,
                                            size_t slot_count_max = SIZE_MAX);

// ---- Templates ----

namespace partial_state {

/// The first row at or after `begin` whose time is >= edge. `guess` is how many rows the window
/// before had: with regular times it is right, and two comparisons do.
inline size_t gallop(std::span<const int64_t> times_ns, size_t begin, int64_t edge_ns,
                     size_t guess) {
  const size_t row_count = times_ns.size();
  size_t low = begin;  // times[low] < edge.
  size_t step = guess > 0 ? guess : 1;
  size_t high = low + step;
  if (high < row_count && times_ns[high] >= edge_ns && times_ns[high - 1] < edge_ns) return high;
  if (high < row_count && times_ns[high] >= edge_ns) {
    step = 1;
    high = low + step;
  }
  while (high < row_count && times_ns[high] < edge_ns) {
    low = high;
    step *= 2;
    high = low + step;
  }
  if (high > row_count) high = row_count;
  while (low + 1 < high) {
    const size_t middle = low + (high - low) / 2;
    if (times_ns[middle] < edge_ns) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return high;
}

}  // namespace partial_state

template <class Take>
void split_by_window(std::span<const int64_t> times_ns, int64_t origin_ns, int64_t every_ns,
                     Take&& take) {
  size_t begin = 0;
  size_t guess = 0;
  uint64_t window = 0;
  int64_t window_end_ns = 0;
  bool is_next = false;  // The window right after the last one: no division.
  while (begin < times_ns.size()) {
    const auto since = static_cast<uint64_t>(times_ns[begin]) - static_cast<uint64_t>(origin_ns);
    if (is_next && times_ns[begin] < window_end_ns) {
      ++window;
    } else {
      window = since / static_cast<uint64_t>(every_ns);
    }
    const auto begin_ns = static_cast<int64_t>(static_cast<uint64_t>(origin_ns) +
                                               window * static_cast<uint64_t>(every_ns));
    // Saturates: the last window may reach past the end of time.
    if (__builtin_add_overflow(begin_ns, every_ns, &window_end_ns)) window_end_ns = INT64_MAX;
    const size_t end = partial_state::gallop(times_ns, begin, window_end_ns, guess);
    take(window, begin, end);
    guess = end - begin;
    begin = end;
    is_next = !__builtin_add_overflow(window_end_ns, every_ns, &window_end_ns);
  }
}

template <class Take>
void split_by_edges(std::span<const int64_t> times_ns, std::span<const int64_t> edges_ns,
                    Take&& take) {
  size_t begin = 0;
  size_t guess = 0;
  while (begin < times_ns.size()) {
    const auto after = std::upper_bound(edges_ns.begin(), edges_ns.end(), times_ns[begin]);
    const auto window = static_cast<size_t>(after - edges_ns.begin()) - 1;
    const size_t end = after == edges_ns.end()
                           ? times_ns.size()
                           : partial_state::gallop(times_ns, begin, *after, guess);
    take(window, begin, end);
    guess = end - begin;
    begin = end;
  }
}

}  // namespace varve
