// SPDX-License-Identifier: Apache-2.0
// Cells of a column while rows are in memory: numbers take as few bytes as all of them need.
//
// Rows of counters and gauges mostly need one or two bytes a number. Fresh memory costs more than
// the conversion: a page of 4 KiB is 0.25 to 1.5 us of the kernel's time, its cells about 0.1.
// Threads: all functions are pure.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "model/column_vector.h"
#include "model/value.h"

namespace varve::engine {

/// Narrow forms are signed whole numbers, also for floats when each of them is one and comes back
/// bit by bit. A later form holds everything that an earlier one does.
enum class CellForm : uint8_t { kInt8, kInt16, kInt32, kFull };

/// Bytes of a cell; of a type without numbers as ColumnVector has them.
size_t cell_size_bytes(ValueType type, CellForm form);

/// The first form that holds cells [begin, end); kFull for types that are no numbers of 8 bytes.
CellForm narrowest_form(const ColumnView& cells, size_t begin, size_t end);

/// Writes cells [begin, end) of a type of fixed size in a form that holds them.
void put_cells(const ColumnView& cells, size_t begin, size_t end, CellForm form, char* to);

namespace cell_form {

// A row's number as the 8 bytes that a ColumnVector has of it.
struct Word {
  uint64_t operator()(const void* values, uint32_t row) const {
    return static_cast<const uint64_t*>(values)[row];
  }
};
template <class Small>
struct WholeNumber {
  uint64_t operator()(const void* values, uint32_t row) const {
    return static_cast<uint64_t>(int64_t{static_cast<const Small*>(values)[row]});
  }
};
template <class Small>
struct WholeFloat {
  uint64_t operator()(const void* values, uint32_t row) const {
    return std::bit_cast<uint64_t>(static_cast<double>(static_cast<const Small*>(values)[row]));
  }
};

}  // namespace cell_form

/// Calls `visit` with what reads a number of this type and form: (const void* values, row) -> word.
template <class Visit>
decltype(auto) with_cell_reader(ValueType type, CellForm form, Visit&& visit) {
  const bool is_float = type == ValueType::kFloat64;
  switch (form) {
    case CellForm::kInt8:
      return is_float ? visit(cell_form::WholeFloat<int8_t>()) :
                        visit(cell_form::WholeNumber<int8_t>());
    case CellForm::kInt16:
      return is_float ? visit(cell_form::WholeFloat<int16_t>()) :
                        visit(cell_form::WholeNumber<int16_t>());
    case CellForm::kInt32:
      return is_float ? visit(cell_form::WholeFloat<int32_t>()) :
                        visit(cell_form::WholeNumber<int32_t>());
    case CellForm::kFull: break;
  }
  return visit(cell_form::Word());
}

/// Some rows of a column; the chunk keeps them alive.
struct ChunkCells {
  ValueType type = ValueType::kFloat64;
  CellForm form = CellForm::kFull;
  const void* values = nullptr;  ///< Null: the chunk does not have the column.
  const CellState* states = nullptr;  ///< Null: all kValue.
  size_t row_count = 0;

  CellState state(uint32_t row) const { return states ? states[row] : CellState::kValue; }
  bool has_value(uint32_t row) const { return state(row) == CellState::kValue; }
  /// A number of 8 bytes.
  uint64_t word(uint32_t row) const {
    return with_cell_reader(type, form, [&](auto read) { return read(values, row); });
  }
  /// Requires kFull.
  ColumnView view() const;
};

/// Adds the cell of one row, also when it holds no value; texts as views.
void append_cell(const ChunkCells& cells, uint32_t row, ColumnVector& to);

}  // namespace varve::engine
