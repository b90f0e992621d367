// SPDX-License-Identifier: Apache-2.0
// Columns in memory: ColumnVector owns and grows, ColumnView borrows.
//
// Cells by type: kFloat64 double, kInt64 and kTimestamp int64_t, kUint64 uint64_t, kBool uint8_t
// (0 or 1), kString and kBytes std::string_view. A cell whose state is not kValue holds zero or an
// empty view. `states` is null while every cell holds a value.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "model/value.h"

namespace varve {

/// Bytes that stay where they are until the arena ends. Threads: one owner.
class StringArena {
 public:
  /// Copies the bytes; the view lives as long as the arena, also after it is moved.
  std::string_view add(std::string_view bytes);
  size_t size_bytes() const { return size_bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_free_bytes_ = 0;
  char* next_ = nullptr;
  size_t size_bytes_ = 0;
};

/// A borrowed run of cells. Whoever hands it out says what keeps it alive.
struct ColumnView {
  ValueType type = ValueType::kFloat64;
  const void* values = nullptr;
  const CellState* states = nullptr;  ///< Null: all kValue.
  size_t row_count = 0;

  template <class T>
  std::span<const T> as() const {
    return {static_cast<const T*>(values), row_count};
  }
  CellState state(size_t row) const { return states ? states[row] : CellState::kValue; }
  bool has_value(size_t row) const { return state(row) == CellState::kValue; }
  ColumnView slice(size_t begin, size_t end) const;
  /// One cell as a Value; monostate when it holds none.
  Value at(size_t row) const;
};

/// A column that grows at its end. Threads: one owner; views are valid until the next append.
class ColumnVector {
 public:
  explicit ColumnVector(ValueType type) : type_(type) {}
  ColumnVector(ColumnVector&&) = default;
  ColumnVector& operator=(ColumnVector&&) = default;

  ValueType type() const { return type_; }
  size_t row_count() const { return row_count_; }

  void append_f64(double value) { append(value); }
  void append_i64(int64_t value) { append(value); }
  void append_u64(uint64_t value) { append(value); }
  void append_bool(bool value) { append(static_cast<uint8_t>(value)); }
  /// Copies the bytes.
  void append_string(std::string_view value) { append(arena_.add(value)); }
  /// The caller keeps the bytes alive.
  void append_string_view(std::string_view value) { append(value); }
  /// Requires that the value fits the column's type (or is NULL).
  void append_value(const Value& value);
  /// Adds all cells of a view of the same type; copies variable-size bytes.
  void append_view(const ColumnView& cells);
  /// Adds `row_count` cells with a value, to be written by the caller before anything else happens.
  /// Not for variable-size types.
  void* append_uninitialized(size_t row_count);
  /// Adds cells without a value until there are `row_count` of them.
  void pad_to(size_t row_count, CellState state = CellState::kAbsent);
  void reserve(size_t row_count);
  void clear();
  /// Replaces the states of all cells. Cells that now hold no value must be zero already.
  void set_states(std::vector<CellState> states) {
    CHECK(states.size() == row_count_);
    states_ = std::move(states);
  }

  ColumnView view() const;
  /// Bytes held, for budgets.
  size_t size_bytes() const;

 private:
  template <class T>
  void append(T value) {
    DCHECK(cell_size_bytes(type_) == sizeof(T));
    const size_t offset = row_count_ * sizeof(T);
    if (offset + sizeof(T) > capacity_bytes_) grow(offset + sizeof(T));
    *reinterpret_cast<T*>(cells_.get() + offset) = value;
    if (!states_.empty()) states_.push_back(CellState::kValue);
    ++row_count_;
  }
  void grow(size_t needed_bytes);

 public:
  static constexpr size_t cell_size_bytes(ValueType type) {
    return type == ValueType::kBool ? 1 : is_variable_size(type) ? sizeof(std::string_view) : 8;
  }

 private:
  struct FreeCells {
    void operator()(char* cells) const;
  };

  ValueType type_;
  size_t row_count_ = 0;
  size_t capacity_bytes_ = 0;
  std::unique_ptr<char, FreeCells> cells_;  // 64-byte aligned.
  std::vector<CellState> states_;           // Empty while every cell holds a value.
  StringArena arena_;
};

}  // namespace varve
