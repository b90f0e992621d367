// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/parquet_columns.h"

#include <arrow/buffer.h>
#include <arrow/builder.h>

#include <bit>

#include "base/check.h"
#include "engine/sst/parquet_io.h"

namespace varve::engine {
namespace {

struct Validity {
  std::shared_ptr<arrow::Buffer> bits;  // Null: all valid.
  int64_t null_count = 0;
};

template <class IsValid>
arrow::Result<Validity> make_validity(size_t row_count, IsValid is_valid) {
  Validity validity;
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateBuffer(static_cast<int64_t>(row_count + 7) / 8,
                                                         arrow_memory()));
  std::memset(bits->mutable_data(), 0, static_cast<size_t>(bits->size()));
  for (size_t row = 0; row < row_count; ++row) {
    if (is_valid(row)) {
      bits->mutable_data()[row / 8] |= static_cast<uint8_t>(1U << (row % 8));
    } else {
      ++validity.null_count;
    }
  }
  if (validity.null_count > 0) validity.bits = std::move(bits);
  return validity;
}

std::shared_ptr<arrow::Buffer> borrow(const void* data, size_t size_bytes) {
  return std::make_shared<arrow::Buffer>(static_cast<const uint8_t*>(data),
                                         static_cast<int64_t>(size_bytes));
}

arrow::Result<std::shared_ptr<arrow::Array>> strings_to_arrow(const ColumnView& cells) {
  const auto append_all = [&](auto& builder) -> arrow::Result<std::shared_ptr<arrow::Array>> {
    const auto values = cells.as<std::string_view>();
    for (size_t row = 0; row < cells.row_count; ++row) {
      if (cells.has_value(row)) {
        ARROW_RETURN_NOT_OK(builder.Append(values[row]));
      } else {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
      }
    }
    return builder.Finish();
  };
  if (cells.type == ValueType::kBytes) {
    arrow::BinaryBuilder builder(arrow_memory());
    return append_all(builder);
  }
  arrow::StringBuilder builder(arrow_memory());
  return append_all(builder);
}

arrow::Result<std::shared_ptr<arrow::Array>> bools_to_arrow(const ColumnView& cells) {
  arrow::BooleanBuilder builder(arrow_memory());
  const auto values = cells.as<uint8_t>();
  for (size_t row = 0; row < cells.row_count; ++row) {
    if (cells.has_value(row)) {
      ARROW_RETURN_NOT_OK(builder.Append(values[row] != 0));
    } else {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    }
  }
  return builder.Finish();
}

}  // namespace

std::shared_ptr<arrow::DataType> arrow_type(ValueType type) {
  switch (type) {
    case ValueType::kFloat64: return arrow::float64();
    case ValueType::kInt64: return arrow::int64();
    case ValueType::kUint64: return arrow::uint64();
    case ValueType::kBool: return arrow::boolean();
    case ValueType::kString: return arrow::utf8();
    case ValueType::kBytes: return arrow::binary();
    case ValueType::kTimestamp: return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  }
  CHECK(!"a value type without an Arrow type");
  return nullptr;
}

arrow::Result<std::shared_ptr<arrow::Array>> to_arrow(const ColumnView& cells) {
  if (is_variable_size(cells.type)) return strings_to_arrow(cells);
  if (cells.type == ValueType::kBool) return bools_to_arrow(cells);
  Validity validity;
  if (cells.states != nullptr) {
    ARROW_ASSIGN_OR_RAISE(validity, make_validity(cells.row_count, [&](size_t row) {
                            return cells.has_value(row);
                          }));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow_type(cells.type), static_cast<int64_t>(cells.row_count),
      {validity.bits, borrow(cells.values, cells.row_count * 8)}, validity.null_count));
}

std::shared_ptr<const arrow::KeyValueMetadata> key_values(const FooterTexts& texts) {
  auto pairs = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : texts) pairs->Append(key, value);
  return pairs;
}

std::string_view TagColumn::text(int32_t index) const {
  const auto at = static_cast<size_t>(index);
  const size_t begin = at == 0 ? 0 : text_ends_[at - 1];
  return std::string_view(bytes_).substr(begin, text_ends_[at] - begin);
}

void TagColumn::append(std::string_view text, size_t row_count, uint32_t number) {
  int32_t index = -1;
  if (!text.empty()) {
    // Where all texts have numbers a new number is a new text.
    index = number != 0 && !is_hashed_ ? add(text) : find_or_add(text);
    if (number >= numbered_.size()) numbered_.resize(size_t{number} + 1, -1);
    if (number != 0) numbered_[number] = index;
  }
  indices_.insert(indices_.end(), row_count, index);
}

bool TagColumn::append_known(uint32_t number) {
  if (number == 0) {
    indices_.push_back(-1);
    return true;
  }
  if (number >= numbered_.size() || numbered_[number] < 0) return false;
  indices_.push_back(numbered_[number]);
  return true;
}

int32_t TagColumn::add(std::string_view text) {
  bytes_ += text;
  text_ends_.push_back(bytes_.size());
  return static_cast<int32_t>(text_ends_.size() - 1);
}

int32_t TagColumn::find_or_add(std::string_view wanted) {
  // Neighbours often have the same text.
  if (!indices_.empty() && indices_.back() >= 0 && text(indices_.back()) == wanted) {
    return indices_.back();
  }
  if (!is_hashed_ || text_ends_.size() * 2 >= slots_.size()) grow();
  size_t slot = std::hash<std::string_view>{}(wanted) & (slots_.size() - 1);
  for (; slots_[slot] >= 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (text(slots_[slot]) == wanted) return slots_[slot];
  }
  return slots_[slot] = add(wanted);
}

void TagColumn::grow() {
  is_hashed_ = true;
  slots_.assign(std::bit_ceil(std::max<size_t>(64, text_ends_.size() * 4 + 1)), -1);
  for (size_t index = 0; index < text_ends_.size(); ++index) {
    const auto number = static_cast<int32_t>(index);
    size_t slot = std::hash<std::string_view>{}(text(number)) & (slots_.size() - 1);
    while (slots_[slot] >= 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = number;
  }
}

void TagColumn::clear() {
  bytes_.clear();
  text_ends_.clear();
  slots_.clear();
  is_hashed_ = false;
  numbered_.clear();
  indices_.clear();
}

arrow::Result<std::shared_ptr<arrow::Array>> TagColumn::finish() {
  ARROW_ASSIGN_OR_RAISE(const Validity validity,
                        make_validity(indices_.size(), [&](size_t row) {
                          return indices_[row] >= 0;
                        }));
  arrow::StringBuilder builder(arrow_memory());
  for (size_t index = 0; index < text_ends_.size(); ++index) {
    ARROW_RETURN_NOT_OK(builder.Append(text(static_cast<int32_t>(index))));
  }
  ARROW_ASSIGN_OR_RAISE(const auto dictionary, builder.Finish());
  // The indices are handed over, since the array outlives this object's next row group.
  for (int32_t& index : indices_) index = index < 0 ? 0 : index;
  const auto row_count = static_cast<int64_t>(indices_.size());
  auto indices = arrow::ArrayData::Make(
      arrow::int32(), row_count,
      {validity.bits, arrow::Buffer::FromVector(std::move(indices_))}, validity.null_count);
  clear();
  return arrow::DictionaryArray::FromArrays(arrow::MakeArray(indices), dictionary);
}

arrow::Result<std::shared_ptr<arrow::Array>> TagColumn::finish_plain() {
  arrow::StringBuilder builder(arrow_memory());
  for (const int32_t index : indices_) {
    if (index < 0) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(text(index)));
    }
  }
  clear();
  return builder.Finish();
}

void ListColumn::add(size_t end, int64_t time_first_ns, int64_t time_last_ns) {
  ends.push_back(static_cast<int32_t>(end));
  times_first.append_i64(time_first_ns);
  times_last.append_i64(time_last_ns);
}

void ListColumn::clear() {
  ends.resize(1);
  times_first.clear();
  times_last.clear();
}

std::shared_ptr<arrow::Array> ListColumn::to_lists(
    const std::shared_ptr<arrow::DataType>& type,
    const std::shared_ptr<arrow::Array>& cells) const {
  return std::make_shared<arrow::ListArray>(type, static_cast<int64_t>(ends.size() - 1),
                                            borrow(ends.data(), ends.size() * sizeof(int32_t)),
                                            cells);
}

}  // namespace varve::engine
