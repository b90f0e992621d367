// SPDX-License-Identifier: Apache-2.0
#include "model/series_key.h"

#include "base/bytes.h"
#include "base/check.h"

namespace varve {

std::string encode_series_key(const std::vector<KeyCell>& cells) {
  constexpr size_t kCellHeadBytes = 4;  // Mostly.
  size_t size_bytes = 0;
  for (const KeyCell& cell : cells) size_bytes += kCellHeadBytes + cell.text.size();
  std::string key;
  key.reserve(size_bytes);
  ByteWriter out(key);
  const KeyCell* previous = nullptr;
  for (const KeyCell& cell : cells) {
    CHECK(!cell.text.empty());
    CHECK(previous == nullptr || raw(previous->column) < raw(cell.column));
    out.varint(raw(cell.column));
    out.u8(static_cast<uint8_t>(ValueType::kString));
    out.string(cell.text);
    previous = &cell;
  }
  return key;
}

Result<std::vector<KeyCell>> decode_series_key(std::string_view key) {
  std::vector<KeyCell> cells;
  ByteReader in(key);
  uint64_t column_after = 0;  // The lowest id that the next cell may have.
  while (!in.at_end()) {
    const uint64_t column = in.varint();
    const uint8_t type = in.u8();
    if (in.failed() || column > UINT32_MAX || column < column_after) {
      return fail(ErrorCode::kCorrupt, "series key has no valid column id");
    }
    if (type == 0 || type > static_cast<uint8_t>(ValueType::kTimestamp)) {
      return fail(ErrorCode::kCorrupt, "series key has an unknown type " + std::to_string(type));
    }
    if (type != static_cast<uint8_t>(ValueType::kString)) {
      return fail(ErrorCode::kUnsupported, "series key has a cell that is not a string");
    }
    const auto text = in.string();
    if (in.failed() || text.empty()) {
      return fail(ErrorCode::kCorrupt, "series key ends inside a cell");
    }
    cells.push_back({.column = ColumnId{static_cast<uint32_t>(column)}, .text = text});
    column_after = column + 1;
  }
  return cells;
}

std::string_view key_cell(std::string_view key, ColumnId column) {
  ByteReader in(key);
  while (!in.at_end()) {
    const uint64_t id = in.varint();
    if (id > raw(column)) return {};
    in.u8();
    const auto text = in.string();
    if (id == raw(column)) return text;
  }
  return {};
}

void KeyReader::step() {
  ByteReader in(rest_);
  is_at_cell_ = !in.at_end();
  if (!is_at_cell_) return;
  id_ = in.varint();
  in.u8();
  text_ = in.string();
  is_at_cell_ = !in.failed();
  rest_.remove_prefix(in.offset());
}

}  // namespace varve
