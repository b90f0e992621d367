// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/numbered_keys.h"

#include <algorithm>

#include "base/bytes.h"

namespace varve::engine {

NumberedKeys::NumberedKeys(const SeriesIndex& index, const std::vector<ColumnId>& tags) {
  for (const ColumnId id : tags) {
    Tag& tag = tags_.emplace_back();
    tag.values = index.tag(id);
    if (tag.values != nullptr) tag.cells.resize(std::min(tag.values->value_count(), kCellsMax) + 1);
  }
}

void NumberedKeys::append(SeriesId id, std::string& keys, std::vector<uint32_t>& numbers) {
  for (Tag& tag : tags_) {
    const uint32_t number = tag.values == nullptr ? 0 : tag.values->value_ids().get(raw(id));
    numbers.push_back(number);
    if (number != 0) keys += cell_of(tag, number);
  }
}

std::string_view NumberedKeys::cell_of(Tag& tag, uint32_t number) {
  const bool is_kept = number < tag.cells.size();
  if (is_kept && !tag.cells[number].empty()) return tag.cells[number];
  cell_ = tag.values->key_prefix();
  ByteWriter(cell_).string(tag.values->text(number));
  if (!is_kept) return cell_;
  return tag.cells[number] = arena_.add(cell_);
}

}  // namespace varve::engine
