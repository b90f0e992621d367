// SPDX-License-Identifier: Apache-2.0
#include "model/column_vector.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace varve {
namespace {

constexpr std::align_val_t kCellAlignment{64};
constexpr size_t kCellsBytesMin = 128;
constexpr size_t kArenaBlockBytesMin = 256;
constexpr size_t kArenaBlockBytesMax = 65'536;

}  // namespace

std::string_view StringArena::add(std::string_view bytes) {
  if (bytes.empty()) return {};
  // An arena that was moved from has no blocks, but remembers the place in one.
  if (blocks_.empty()) {
    block_free_bytes_ = 0;
    size_bytes_ = 0;
  }
  if (bytes.size() > block_free_bytes_) {
    const size_t block_bytes =
        std::max(bytes.size(), std::clamp(size_bytes_, kArenaBlockBytesMin, kArenaBlockBytesMax));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes));
    next_ = blocks_.back().get();
    block_free_bytes_ = block_bytes;
    size_bytes_ += block_bytes;
  }
  std::memcpy(next_, bytes.data(), bytes.size());
  const std::string_view copy(next_, bytes.size());
  next_ += bytes.size();
  block_free_bytes_ -= bytes.size();
  return copy;
}

ColumnView ColumnView::slice(size_t begin, size_t end) const {
  DCHECK(begin <= end && end <= row_count);
  const size_t cell_bytes = ColumnVector::cell_size_bytes(type);
  return {.type = type,
          .values = static_cast<const char*>(values) + begin * cell_bytes,
          .states = states ? states + begin : nullptr,
          .row_count = end - begin};
}

Value ColumnView::at(size_t row) const {
  if (!has_value(row)) return std::monostate{};
  switch (type) {
    case ValueType::kFloat64: return as<double>()[row];
    case ValueType::kInt64:
    case ValueType::kTimestamp: return as<int64_t>()[row];
    case ValueType::kUint64: return as<uint64_t>()[row];
    case ValueType::kBool: return as<uint8_t>()[row] != 0;
    case ValueType::kString:
    case ValueType::kBytes: return std::string(as<std::string_view>()[row]);
  }
  return std::monostate{};
}

void ColumnVector::FreeCells::operator()(char* cells) const {
  ::operator delete[](cells, kCellAlignment);
}

void ColumnVector::grow(size_t needed_bytes) {
  if (!cells_) capacity_bytes_ = 0;
  const size_t capacity = std::max({needed_bytes, capacity_bytes_ * 2, kCellsBytesMin});
  std::unique_ptr<char, FreeCells> cells(
      static_cast<char*>(::operator new[](capacity, kCellAlignment)));
  if (row_count_ > 0) std::memcpy(cells.get(), cells_.get(), row_count_ * cell_size_bytes(type_));
  cells_ = std::move(cells);
  capacity_bytes_ = capacity;
}

void ColumnVector::append_value(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    pad_to(row_count_ + 1, CellState::kNull);
    return;
  }
  switch (type_) {
    case ValueType::kFloat64: append_f64(std::get<double>(value)); return;
    case ValueType::kInt64:
    case ValueType::kTimestamp: append_i64(std::get<int64_t>(value)); return;
    case ValueType::kUint64: append_u64(std::get<uint64_t>(value)); return;
    case ValueType::kBool: append_bool(std::get<bool>(value)); return;
    case ValueType::kString:
    case ValueType::kBytes: append_string(std::get<std::string>(value)); return;
  }
}

void ColumnVector::append_view(const ColumnView& cells) {
  CHECK(cells.type == type_);
  if (is_variable_size(type_)) {
    for (size_t row = 0; row < cells.row_count; ++row) {
      if (cells.has_value(row)) {
        append_string(cells.as<std::string_view>()[row]);
      } else {
        pad_to(row_count_ + 1, cells.state(row));
      }
    }
    return;
  }
  if (cells.row_count == 0) return;
  const size_t row_begin = row_count_;
  void* out = append_uninitialized(cells.row_count);
  std::memcpy(out, cells.values, cells.row_count * cell_size_bytes(type_));
  if (cells.states == nullptr) return;
  if (states_.empty()) states_.assign(row_count_, CellState::kValue);
  std::copy_n(cells.states, cells.row_count, states_.begin() + static_cast<ptrdiff_t>(row_begin));
}

void* ColumnVector::append_uninitialized(size_t row_count) {
  CHECK(!is_variable_size(type_));
  const size_t cell_bytes = cell_size_bytes(type_);
  const size_t needed = (row_count_ + row_count) * cell_bytes;
  if (needed > capacity_bytes_) grow(needed);
  char* out = cells_.get() + row_count_ * cell_bytes;
  row_count_ += row_count;
  if (!states_.empty()) states_.resize(row_count_, CellState::kValue);
  return out;
}

void ColumnVector::pad_to(size_t row_count, CellState state) {
  if (row_count <= row_count_) return;
  CHECK(state != CellState::kValue);
  const size_t cell_bytes = cell_size_bytes(type_);
  if (row_count * cell_bytes > capacity_bytes_) grow(row_count * cell_bytes);
  // A string_view of zero bytes is an empty view: every type's neutral cell is all zeros.
  std::memset(cells_.get() + row_count_ * cell_bytes, 0, (row_count - row_count_) * cell_bytes);
  if (states_.empty()) states_.assign(row_count_, CellState::kValue);
  states_.resize(row_count, state);
  row_count_ = row_count;
}

void ColumnVector::reserve(size_t row_count) {
  const size_t needed = row_count * cell_size_bytes(type_);
  if (needed > capacity_bytes_) grow(needed);
}

void ColumnVector::clear() {
  row_count_ = 0;
  if (!cells_) capacity_bytes_ = 0;
  states_.clear();
  arena_ = StringArena();
}

ColumnView ColumnVector::view() const {
  return {.type = type_,
          .values = cells_.get(),
          .states = states_.empty() ? nullptr : states_.data(),
          .row_count = row_count_};
}

size_t ColumnVector::size_bytes() const {
  return sizeof(*this) + capacity_bytes_ + states_.capacity() + arena_.size_bytes();
}

}  // namespace varve
