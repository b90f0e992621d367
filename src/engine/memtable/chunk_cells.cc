// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/chunk_cells.h"

#include <cstring>

#include "base/check.h"

namespace varve::engine {
namespace {

// Loops of a known length become vector code.
constexpr size_t kBlock = 64;

// Added to a whole number below 2^51, a double has the number in its lowest bits.
constexpr double kWholeBase = 6755399441055744.0;  // 1.5 * 2^52

bool is_word(ValueType type) { return !is_variable_size(type) && type != ValueType::kBool; }

// What is not zero from bit w-1 on does not fit a signed number of w bits: there two neighbours
// differ.
uint64_t changes(int64_t number) {
  const auto bits = static_cast<uint64_t>(number);
  return bits ^ bits << 1;
}

// The whole number that a double is, or anything.
int64_t whole_of(double number) {
  return static_cast<int64_t>(std::bit_cast<uint64_t>(number + kWholeBase) -
                              std::bit_cast<uint64_t>(kWholeBase));
}

// Zero when the double is whole_of() it, bit by bit, or so far away that its changes tell.
uint64_t difference(double number) {
  const double again = (number + kWholeBase) - kWholeBase;
  return std::bit_cast<uint64_t>(again) ^ std::bit_cast<uint64_t>(number);
}

struct Need {
  uint64_t changes = 0;
  uint64_t difference = 0;  // Not zero: kFull.
};

void add_need(Need& need, int64_t number) { need.changes |= changes(number); }
void add_need(Need& need, double number) {
  need.changes |= changes(whole_of(number));
  need.difference |= difference(number);
}

CellForm form_of(const Need& need) {
  if (need.difference != 0 || need.changes >> 32 != 0) return CellForm::kFull;
  return need.changes >> 8 == 0    ? CellForm::kInt8
         : need.changes >> 16 == 0 ? CellForm::kInt16
                                   : CellForm::kInt32;
}

template <class Number>
CellForm narrowest_of(const Number* numbers, size_t count) {
  Need need;
  for (; count >= kBlock; numbers += kBlock, count -= kBlock) {
    for (size_t i = 0; i < kBlock; ++i) add_need(need, numbers[i]);
    if (form_of(need) == CellForm::kFull) return CellForm::kFull;
  }
  for (size_t i = 0; i < count; ++i) add_need(need, numbers[i]);
  return form_of(need);
}

template <class Small>
void put_number(int64_t number, Small& to) { to = static_cast<Small>(number); }
template <class Small>
void put_number(double number, Small& to) { to = static_cast<Small>(whole_of(number)); }

template <class Small, class Number>
void put_numbers(const Number* numbers, size_t count, char* to) {
  auto* out = reinterpret_cast<Small*>(to);
  for (; count >= kBlock; numbers += kBlock, out += kBlock, count -= kBlock) {
    for (size_t i = 0; i < kBlock; ++i) put_number(numbers[i], out[i]);
  }
  for (size_t i = 0; i < count; ++i) put_number(numbers[i], out[i]);
}

template <class Number>
void put_as(const Number* numbers, size_t count, CellForm form, char* to) {
  switch (form) {
    case CellForm::kInt8: return put_numbers<int8_t>(numbers, count, to);
    case CellForm::kInt16: return put_numbers<int16_t>(numbers, count, to);
    case CellForm::kInt32: return put_numbers<int32_t>(numbers, count, to);
    case CellForm::kFull: break;
  }
  std::memcpy(to, numbers, count * sizeof(Number));
}

}  // namespace

size_t cell_size_bytes(ValueType type, CellForm form) {
  switch (form) {
    case CellForm::kInt8: return 1;
    case CellForm::kInt16: return 2;
    case CellForm::kInt32: return 4;
    case CellForm::kFull: break;
  }
  return ColumnVector::cell_size_bytes(type);
}

CellForm narrowest_form(const ColumnView& cells, size_t begin, size_t end) {
  if (!is_word(cells.type)) return CellForm::kFull;
  if (cells.type == ValueType::kFloat64) {
    return narrowest_of(static_cast<const double*>(cells.values) + begin, end - begin);
  }
  return narrowest_of(static_cast<const int64_t*>(cells.values) + begin, end - begin);
}

void put_cells(const ColumnView& cells, size_t begin, size_t end, CellForm form, char* to) {
  DCHECK(!is_variable_size(cells.type));
  if (!is_word(cells.type)) {
    std::memcpy(to, static_cast<const char*>(cells.values) + begin, end - begin);
  } else if (cells.type == ValueType::kFloat64) {
    put_as(static_cast<const double*>(cells.values) + begin, end - begin, form, to);
  } else {
    put_as(static_cast<const int64_t*>(cells.values) + begin, end - begin, form, to);
  }
}

ColumnView ChunkCells::view() const {
  DCHECK(form == CellForm::kFull);
  return {.type = type, .values = values, .states = states, .row_count = row_count};
}

void append_cell(const ChunkCells& cells, uint32_t row, ColumnVector& to) {
  if (cells.values == nullptr || !cells.has_value(row)) {
    to.pad_to(to.row_count() + 1,
              cells.values == nullptr ? CellState::kAbsent : cells.state(row));
    return;
  }
  switch (cells.type) {
    case ValueType::kFloat64: to.append_f64(std::bit_cast<double>(cells.word(row))); return;
    case ValueType::kInt64:
    case ValueType::kTimestamp: to.append_i64(static_cast<int64_t>(cells.word(row))); return;
    case ValueType::kUint64: to.append_u64(cells.word(row)); return;
    case ValueType::kBool: to.append_bool(cells.view().as<uint8_t>()[row] != 0); return;
    case ValueType::kString:
    case ValueType::kBytes:
      to.append_string_view(cells.view().as<std::string_view>()[row]);
      return;
  }
}

}  // namespace varve::engine
