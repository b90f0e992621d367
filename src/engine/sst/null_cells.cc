// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/null_cells.h"

#include "base/bytes.h"

namespace varve::engine {

std::string encode_null_cells(const ColumnView& cells) {
  std::string out;
  if (cells.states == nullptr) return out;
  ByteWriter writer(out);
  size_t end_before = 0;
  for (size_t row = 0; row < cells.row_count;) {
    if (cells.states[row] != CellState::kNull) {
      ++row;
      continue;
    }
    const size_t begin = row;
    while (row < cells.row_count && cells.states[row] == CellState::kNull) ++row;
    writer.varint(begin - end_before);
    writer.varint(row - begin);
    end_before = row;
  }
  return out;
}

Result<void> apply_null_cells(std::string_view bytes, std::vector<CellState>& states) {
  ByteReader reader(bytes);
  uint64_t row = 0;
  while (!reader.at_end()) {
    const uint64_t skipped = reader.varint();
    const uint64_t count = reader.varint();
    if (reader.failed() || skipped > states.size() - row ||
        count > states.size() - row - skipped) {
      return fail(ErrorCode::kCorrupt, "its list of NULL cells names cells that are not there");
    }
    row += skipped;
    for (const uint64_t end = row + count; row < end; ++row) {
      if (states[row] == CellState::kValue) {
        return fail(ErrorCode::kCorrupt, "its list of NULL cells names a cell that has a value");
      }
      states[row] = CellState::kNull;
    }
  }
  return {};
}

}  // namespace varve::engine
