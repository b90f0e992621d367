// SPDX-License-Identifier: Apache-2.0
#include "model/partial_state.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "base/bytes.h"
#include "base/check.h"

namespace varve {
namespace {

constexpr uint8_t kFormat = 1;

template <class T>
T add_wrapping(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}

template <class T>
bool is_nan(const T& value) {
  return value != value;
}

// So that the order does not matter, NaN is passed over while there is anything else.
template <class T>
bool is_less(const T& value, const T& kept) {
  return value < kept || (is_nan(kept) && !is_nan(value));
}
template <class T>
bool is_greater(const T& value, const T& kept) {
  return kept < value || (is_nan(kept) && !is_nan(value));
}

template <class T>
struct Reduced {
  T sum{};
  T min{};
  T max{};
};

// One pass: the chain of additions takes four cycles a row for doubles, and the minimum and the
// maximum run beside it.
template <class T>
Reduced<T> reduce(const T* values, size_t row_count) {
  size_t first = 0;
  while (first + 1 < row_count && is_nan(values[first])) ++first;
  Reduced<T> reduced{.sum = {}, .min = values[first], .max = values[first]};
  for (size_t i = 0; i < row_count; ++i) {
    const T value = values[i];
    reduced.sum = add_wrapping(reduced.sum, value);
    reduced.min = value < reduced.min ? value : reduced.min;
    reduced.max = reduced.max < value ? value : reduced.max;
  }
  return reduced;
}

template <class T>
T sum_from(T sum, const T* values, size_t row_count) {
  for (size_t i = 0; i < row_count; ++i) sum = add_wrapping(sum, values[i]);
  return sum;
}

// The time of the earliest row that holds the value: rows rise or fall as a whole.
template <class T>
int64_t earliest_time_of(T value, const int64_t* times_ns, const T* values, size_t row_count) {
  if (times_ns[0] <= times_ns[row_count - 1]) {
    for (size_t i = 0; i < row_count; ++i) {
      if (values[i] == value) return times_ns[i];
    }
  } else {
    for (size_t i = row_count; i-- > 0;) {
      if (values[i] == value) return times_ns[i];
    }
  }
  return times_ns[0];  // Only NaN equals nothing.
}

template <class T>
Value to_value(const T& value) {
  if constexpr (std::is_same_v<T, uint8_t>) {
    return Value(value != 0);
  } else {
    return Value(value);
  }
}

}  // namespace

StateParts supported_parts(ValueType type) {
  switch (type) {
    case ValueType::kFloat64:
    case ValueType::kInt64:
    case ValueType::kUint64:
    case ValueType::kTimestamp:
      return kAllStateParts;
    case ValueType::kBool:
      return StatePart::kMin | StatePart::kMax | StatePart::kFirst | StatePart::kLast;
    case ValueType::kString:
    case ValueType::kBytes:
      break;
  }
  return StatePart::kFirst | StatePart::kLast;
}

PartialStates::PartialStates(ValueType type, StateParts parts, size_t slot_count)
    : type_(type), parts_(parts & supported_parts(type)) {
  switch (type) {
    case ValueType::kFloat64:
      storage_ = Columns<double>{};
      break;
    case ValueType::kInt64:
    case ValueType::kTimestamp:
      storage_ = Columns<int64_t>{};
      break;
    case ValueType::kUint64:
      storage_ = Columns<uint64_t>{};
      break;
    case ValueType::kBool:
      storage_ = Columns<uint8_t>{};
      break;
    case ValueType::kString:
    case ValueType::kBytes:
      storage_ = Columns<std::string>{};
      break;
  }
  grow(slot_count);
}

void PartialStates::grow(size_t slot_count) {
  counts_.resize(slot_count);
  if (has_part(parts_, StatePart::kMin)) min_times_.resize(slot_count);
  if (has_part(parts_, StatePart::kMax)) max_times_.resize(slot_count);
  if (has_part(parts_, StatePart::kFirst)) first_times_.resize(slot_count);
  if (has_part(parts_, StatePart::kLast)) last_times_.resize(slot_count);
  std::visit(
      [&](auto& columns) {
        if (has_part(parts_, StatePart::kSum)) columns.sums.resize(slot_count);
        if (has_part(parts_, StatePart::kMin)) columns.mins.resize(slot_count);
        if (has_part(parts_, StatePart::kMax)) columns.maxs.resize(slot_count);
        if (has_part(parts_, StatePart::kFirst)) columns.firsts.resize(slot_count);
        if (has_part(parts_, StatePart::kLast)) columns.lasts.resize(slot_count);
      },
      storage_);
}

size_t PartialStates::size_bytes() const {
  const size_t times = min_times_.capacity() + max_times_.capacity() + first_times_.capacity() +
                       last_times_.capacity() + counts_.capacity();
  return times * sizeof(int64_t) +
         std::visit(
             [](const auto& columns) {
               using Cell = typename std::decay_t<decltype(columns.sums)>::value_type;
               return sizeof(Cell) * (columns.sums.capacity() + columns.mins.capacity() +
                                      columns.maxs.capacity() + columns.firsts.capacity() +
                                      columns.lasts.capacity());
             },
             storage_);
}

size_t PartialStates::slot_size_bytes(ValueType type, StateParts parts) {
  const size_t cell_bytes = is_variable_size(type) ? sizeof(std::string) : sizeof(int64_t);
  size_t bytes = sizeof(uint64_t);
  if (has_part(parts, StatePart::kSum)) bytes += cell_bytes;
  for (const StatePart part : {StatePart::kMin, StatePart::kMax, StatePart::kFirst,
                               StatePart::kLast}) {
    if (has_part(parts, part)) bytes += cell_bytes + sizeof(int64_t);
  }
  return bytes;
}

template <class T, class Cell>
void PartialStates::offer_first(Columns<T>& columns, size_t slot, bool is_empty, int64_t time_ns,
                                const Cell& value) {
  int64_t& kept_ns = first_times_[slot];
  const auto is_preferred = [&] {
    // Source: InfluxDB 1.8, query.BooleanFirstReduce: false goes before true.
    return std::is_same_v<T, uint8_t> ? value < columns.firsts[slot]
                                      : columns.firsts[slot] < value;
  };
  if (is_empty || time_ns < kept_ns || (time_ns == kept_ns && is_preferred())) {
    kept_ns = time_ns;
    columns.firsts[slot] = value;
  }
}

template <class T, class Cell>
void PartialStates::offer_last(Columns<T>& columns, size_t slot, bool is_empty, int64_t time_ns,
                               const Cell& value) {
  int64_t& kept_ns = last_times_[slot];
  if (is_empty || time_ns > kept_ns || (time_ns == kept_ns && columns.lasts[slot] < value)) {
    kept_ns = time_ns;
    columns.lasts[slot] = value;
  }
}

template <class T, class Cell>
void PartialStates::fold_ends(Columns<T>& columns, size_t slot, const int64_t* times_ns,
                              const Cell* values, size_t row_count) {
  // Rows of equal time stand together at either end; a series has one, merged rows may have more.
  const bool rises = times_ns[0] <= times_ns[row_count - 1];
  const auto for_rows_at_end = [&](bool at_front, auto&& offer) {
    const int64_t time_ns = times_ns[at_front ? 0 : row_count - 1];
    for (size_t i = 0; i < row_count; ++i) {
      const size_t row = at_front ? i : row_count - 1 - i;
      if (times_ns[row] != time_ns) break;
      offer(counts_[slot] == 0 && i == 0, time_ns, values[row]);
    }
  };
  if (has_part(parts_, StatePart::kFirst)) {
    for_rows_at_end(rises, [&](bool is_empty, int64_t time_ns, const Cell& value) {
      offer_first(columns, slot, is_empty, time_ns, value);
    });
  }
  if (has_part(parts_, StatePart::kLast)) {
    for_rows_at_end(!rises, [&](bool is_empty, int64_t time_ns, const Cell& value) {
      offer_last(columns, slot, is_empty, time_ns, value);
    });
  }
}

template <class T>
void PartialStates::fold_run(Columns<T>& columns, size_t slot, const int64_t* times_ns,
                             const T* values, size_t row_count) {
  const bool wants_min = has_part(parts_, StatePart::kMin);
  const bool wants_max = has_part(parts_, StatePart::kMax);
  if (wants_min || wants_max) {
    const Reduced<T> reduced = reduce(values, row_count);
    const auto keep = [&](bool is_better, T value, T& kept, int64_t& kept_ns) {
      if (!(is_better || value == kept)) return;
      const int64_t time_ns = earliest_time_of(value, times_ns, values, row_count);
      if (is_better || time_ns < kept_ns) kept_ns = time_ns;
      kept = value;
    };
    const bool is_empty = counts_[slot] == 0;
    if (wants_min) {
      keep(is_empty || is_less(reduced.min, columns.mins[slot]), reduced.min, columns.mins[slot],
           min_times_[slot]);
    }
    if (wants_max) {
      keep(is_empty || is_greater(reduced.max, columns.maxs[slot]), reduced.max, columns.maxs[slot],
           max_times_[slot]);
    }
  }
  if (has_part(parts_, StatePart::kSum)) {
    columns.sums[slot] = sum_from(columns.sums[slot], values, row_count);
  }
  fold_ends(columns, slot, times_ns, values, row_count);
  counts_[slot] += row_count;
}

void PartialStates::fold_text(size_t slot, const int64_t* times_ns,
                              const std::string_view* values, size_t row_count) {
  fold_ends(std::get<Columns<std::string>>(storage_), slot, times_ns, values, row_count);
  counts_[slot] += row_count;
}

void PartialStates::fold(std::span<const StatePiece> pieces, std::span<const int64_t> times_ns,
                         const ColumnView& values) {
  CHECK(values.row_count == times_ns.size());
  CHECK(ColumnVector::cell_size_bytes(values.type) == ColumnVector::cell_size_bytes(type_));
  // Calls run(slot, begin, end) for every stretch of cells that hold values.
  const auto for_each_run = [&](auto&& run) {
    for (const StatePiece& piece : pieces) {
      if (values.states == nullptr) {
        if (piece.begin < piece.end) run(piece.slot, piece.begin, piece.end);
        continue;
      }
      uint32_t begin = piece.begin;
      while (begin < piece.end) {
        if (values.states[begin] != CellState::kValue) {
          ++begin;
          continue;
        }
        uint32_t end = begin + 1;
        while (end < piece.end && values.states[end] == CellState::kValue) ++end;
        run(piece.slot, begin, end);
        begin = end;
      }
    }
  };
  std::visit(
      [&](auto& columns) {
        using Cell = typename std::decay_t<decltype(columns.sums)>::value_type;
        for_each_run([&](uint32_t slot, uint32_t begin, uint32_t end) {
          if constexpr (std::is_same_v<Cell, std::string>) {
            fold_text(slot, times_ns.data() + begin,
                      static_cast<const std::string_view*>(values.values) + begin, end - begin);
          } else {
            fold_run(columns, slot, times_ns.data() + begin,
                     static_cast<const Cell*>(values.values) + begin, end - begin);
          }
        });
      },
      storage_);
}

template <class T>
void PartialStates::fold_known(Columns<T>& columns, size_t slot, const CellSummary& cells,
                               int64_t time_first_ns, int64_t time_last_ns) {
  const bool is_empty = counts_[slot] == 0;
  const T min = std::bit_cast<T>(cells.min_bits);
  const T max = std::bit_cast<T>(cells.max_bits);
  if (has_part(parts_, StatePart::kMin) && (is_empty || is_less(min, columns.mins[slot]))) {
    columns.mins[slot] = min;
    min_times_[slot] = time_first_ns;
  }
  if (has_part(parts_, StatePart::kMax) && (is_empty || is_greater(max, columns.maxs[slot]))) {
    columns.maxs[slot] = max;
    max_times_[slot] = time_first_ns;
  }
  if (has_part(parts_, StatePart::kSum)) {
    columns.sums[slot] = add_wrapping(columns.sums[slot], std::bit_cast<T>(cells.sum_bits));
  }
  if (has_part(parts_, StatePart::kFirst)) {
    offer_first(columns, slot, is_empty, time_first_ns, std::bit_cast<T>(cells.first_bits));
  }
  if (has_part(parts_, StatePart::kLast)) {
    offer_last(columns, slot, is_empty, time_last_ns, std::bit_cast<T>(cells.last_bits));
  }
}

void PartialStates::fold_summary(size_t slot, const CellSummary& cells, int64_t time_first_ns,
                                 int64_t time_last_ns) {
  if (cells.count == 0) return;
  std::visit(
      [&](auto& columns) {
        using Cell = typename std::decay_t<decltype(columns.sums)>::value_type;
        if constexpr (sizeof(Cell) == sizeof(uint64_t)) {
          fold_known(columns, slot, cells, time_first_ns, time_last_ns);
        } else {
          CHECK(false);
        }
      },
      storage_);
  counts_[slot] += cells.count;
}

template <class T>
void PartialStates::merge_columns(Columns<T>& columns, size_t slot, const PartialStates& other,
                                  const Columns<T>& others, size_t other_slot) {
  if constexpr (!std::is_same_v<T, std::string>) {
    const auto keep = [&](bool is_better, const T& value, int64_t time_ns, T& kept,
                          int64_t& kept_ns) {
      if (is_better || (value == kept && time_ns < kept_ns)) {
        kept = value;
        kept_ns = time_ns;
      }
    };
    const bool is_empty = counts_[slot] == 0;
    if (has_part(parts_, StatePart::kMin)) {
      keep(is_empty || is_less(others.mins[other_slot], columns.mins[slot]),
           others.mins[other_slot], other.min_times_[other_slot], columns.mins[slot],
           min_times_[slot]);
    }
    if (has_part(parts_, StatePart::kMax)) {
      keep(is_empty || is_greater(others.maxs[other_slot], columns.maxs[slot]),
           others.maxs[other_slot], other.max_times_[other_slot], columns.maxs[slot],
           max_times_[slot]);
    }
    if (has_part(parts_, StatePart::kSum)) {
      columns.sums[slot] = add_wrapping(columns.sums[slot], others.sums[other_slot]);
    }
  }
  if (has_part(parts_, StatePart::kFirst)) {
    offer_first(columns, slot, counts_[slot] == 0, other.first_times_[other_slot],
                others.firsts[other_slot]);
  }
  if (has_part(parts_, StatePart::kLast)) {
    offer_last(columns, slot, counts_[slot] == 0, other.last_times_[other_slot],
               others.lasts[other_slot]);
  }
}

void PartialStates::merge(size_t slot, const PartialStates& other, size_t other_slot) {
  CHECK(type_ == other.type_ && parts_ == other.parts_);
  if (other.counts_[other_slot] == 0) return;
  std::visit(
      [&](auto& columns) {
        merge_columns(columns, slot, other,
                      std::get<std::decay_t<decltype(columns)>>(other.storage_), other_slot);
      },
      storage_);
  counts_[slot] += other.counts_[other_slot];
}

Value PartialStates::value_at(size_t slot, StatePart part) const {
  CHECK(has_part(parts_, part));
  return std::visit(
      [&](const auto& columns) {
        switch (part) {
          case StatePart::kSum:
            return to_value(columns.sums[slot]);
          case StatePart::kMin:
            return to_value(columns.mins[slot]);
          case StatePart::kMax:
            return to_value(columns.maxs[slot]);
          case StatePart::kFirst:
            return to_value(columns.firsts[slot]);
          case StatePart::kLast:
            break;
        }
        return to_value(columns.lasts[slot]);
      },
      storage_);
}

Value PartialStates::sum(size_t slot) const { return value_at(slot, StatePart::kSum); }
Value PartialStates::min(size_t slot) const { return value_at(slot, StatePart::kMin); }
Value PartialStates::max(size_t slot) const { return value_at(slot, StatePart::kMax); }
Value PartialStates::first(size_t slot) const { return value_at(slot, StatePart::kFirst); }
Value PartialStates::last(size_t slot) const { return value_at(slot, StatePart::kLast); }

double PartialStates::mean(size_t slot) const {
  return std::visit(
      [&](const auto& columns) -> double {
        using Cell = typename std::decay_t<decltype(columns.sums)>::value_type;
        if constexpr (std::is_same_v<Cell, std::string>) {
          check_failed("mean of text", __FILE__, __LINE__);
        } else {
          return static_cast<double>(columns.sums[slot]) / static_cast<double>(counts_[slot]);
        }
      },
      storage_);
}

void encode_partial_states(const PartialStates& states, std::string& out) {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.u8(static_cast<uint8_t>(states.type_));
  writer.u8(states.parts_);
  writer.varint(states.slot_count());
  const auto write_cell = [&](const auto& cell) {
    using Cell = std::decay_t<decltype(cell)>;
    if constexpr (std::is_same_v<Cell, std::string>) {
      writer.string(cell);
    } else if constexpr (std::is_same_v<Cell, uint8_t>) {
      writer.u8(cell);
    } else {
      writer.raw(&cell, sizeof cell);
    }
  };
  std::visit(
      [&](const auto& columns) {
        for (size_t slot = 0; slot < states.slot_count(); ++slot) {
          writer.varint(states.counts_[slot]);
          if (states.counts_[slot] == 0) continue;
          const auto write = [&](StatePart part, const auto& cells, const auto& times) {
            if (!has_part(states.parts_, part)) return;
            if (!times.empty()) writer.i64(times[slot]);
            write_cell(cells[slot]);
          };
          write(StatePart::kSum, columns.sums, std::vector<int64_t>{});
          write(StatePart::kMin, columns.mins, states.min_times_);
          write(StatePart::kMax, columns.maxs, states.max_times_);
          write(StatePart::kFirst, columns.firsts, states.first_times_);
          write(StatePart::kLast, columns.lasts, states.last_times_);
        }
      },
      states.storage_);
}

Result<PartialStates> decode_partial_states(std::string_view& bytes, size_t slot_count_max) {
  ByteReader reader(bytes);
  const uint8_t format = reader.u8();
  if (!reader.failed() && format != kFormat) {
    return fail(ErrorCode::kCorrupt, "partial states have format " + std::to_string(format) +
                                         ", which this version cannot read");
  }
  const uint8_t type = reader.u8();
  const StateParts parts = reader.u8();
  const uint64_t slot_count = reader.varint();
  if (reader.failed() || type < 1 || type > 7 || slot_count > reader.remaining_bytes() ||
      slot_count > slot_count_max ||
      (parts & ~supported_parts(static_cast<ValueType>(type))) != 0) {
    return fail(ErrorCode::kCorrupt, "partial states: the head makes no sense");
  }
  PartialStates states(static_cast<ValueType>(type), parts, slot_count);
  const auto read_cell = [&](auto& cell) {
    using Cell = std::decay_t<decltype(cell)>;
    if constexpr (std::is_same_v<Cell, std::string>) {
      cell = std::string(reader.string());
    } else if constexpr (std::is_same_v<Cell, double>) {
      cell = reader.f64();
    } else if constexpr (std::is_same_v<Cell, uint8_t>) {
      cell = reader.u8() != 0;
    } else {
      cell = static_cast<Cell>(reader.u64());
    }
  };
  std::visit(
      [&](auto& columns) {
        for (size_t slot = 0; slot < slot_count && !reader.failed(); ++slot) {
          states.counts_[slot] = reader.varint();
          if (states.counts_[slot] == 0) continue;
          const auto read = [&](StatePart part, auto& cells, std::vector<int64_t>* times) {
            if (!has_part(parts, part)) return;
            if (times != nullptr) (*times)[slot] = reader.i64();
            read_cell(cells[slot]);
          };
          read(StatePart::kSum, columns.sums, nullptr);
          read(StatePart::kMin, columns.mins, &states.min_times_);
          read(StatePart::kMax, columns.maxs, &states.max_times_);
          read(StatePart::kFirst, columns.firsts, &states.first_times_);
          read(StatePart::kLast, columns.lasts, &states.last_times_);
        }
      },
      states.storage_);
  if (reader.failed()) return fail(ErrorCode::kCorrupt, "partial states end too early");
  bytes.remove_prefix(reader.offset());
  return states;
}

}  // namespace varve
