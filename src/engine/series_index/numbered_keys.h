// SPDX-License-Identifier: Apache-2.0
// Keys of many series, and beside each the number of its text in every tag, for those who would
// otherwise look the texts up again. What a frequent text adds to a key is put together once.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/series_index/series_index.h"
#include "model/column_vector.h"

namespace varve::engine {

class NumberedKeys {
 public:
  /// `tags`: by rising id, all that the series have. The index outlives it.
  NumberedKeys(const SeriesIndex& index, const std::vector<ColumnId>& tags);

  /// Adds the keys of some series to `keys` and where each ends to `key_ends`, and to `numbers` one
  /// number for each tag of each series: the same number is always the same text of the tag, 0 is
  /// none.
  void append(std::span<const SeriesId> ids, std::string& keys, std::vector<size_t>& key_ends,
              std::vector<uint32_t>& numbers);

 private:
  /// Tags with few values repeat them; more cells would not stay in the caches.
  static constexpr uint32_t kCellsMax = 4'096;
  struct Tag {
    const TagValues* values = nullptr;    // Null: no series ever had it.
    std::vector<std::string_view> cells;  // By number: its part of a key; empty: not yet known.
  };
  void put_cell(Tag& tag, uint32_t number, std::string& keys);

  std::vector<Tag> tags_;
  StringArena arena_;
};

}  // namespace varve::engine
