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

// Tag after tag, since what is looked up for one series does not wait for another one's then.
void NumberedKeys::append(std::span<const SeriesId> ids, std::string& keys,
                          std::vector<size_t>& key_ends, std::vector<uint32_t>& numbers) {
  const size_t begin = numbers.size();
  const size_t tag_count = tags_.size();
  numbers.resize(begin + ids.size() * tag_count);
  uint32_t* const own = numbers.data() + begin;
  for (size_t tag = 0; tag < tag_count; ++tag) {
    const TagValues* values = tags_[tag].values;
    if (values == nullptr) continue;
    for (size_t i = 0; i < ids.size(); ++i) {
      const uint32_t number = values->value_ids().get(raw(ids[i]));
      own[i * tag_count + tag] = number;
      if (number >= tags_[tag].cells.size()) values->prefetch_place(number);
    }
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    for (size_t tag = 0; tag < tag_count; ++tag) {
      const uint32_t number = own[i * tag_count + tag];
      if (number != 0) put_cell(tags_[tag], number, keys);
    }
    key_ends.push_back(keys.size());
  }
}

void NumberedKeys::put_cell(Tag& tag, uint32_t number, std::string& keys) {
  const bool is_kept = number < tag.cells.size();
  if (is_kept && !tag.cells[number].empty()) {
    keys += tag.cells[number];
    return;
  }
  const size_t begin = keys.size();
  keys += tag.values->key_prefix();
  ByteWriter(keys).string(tag.values->text(number));
  if (is_kept) tag.cells[number] = arena_.add(std::string_view(keys).substr(begin));
}

}  // namespace varve::engine
