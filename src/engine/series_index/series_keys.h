// SPDX-License-Identifier: Apache-2.0
// Keys of series, put together for those who show them. Threads: one owner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/series_index/series_index.h"
#include "model/column_vector.h"

namespace varve::engine {

class SeriesKeys {
 public:
  /// Keys have only these tags (rising ids), or all. The index outlives it.
  explicit SeriesKeys(const SeriesIndex& index,
                      const std::optional<std::vector<ColumnId>>& tags = std::nullopt)
      : index_(index), has_all_tags_(!tags) {
    if (!tags) return;
    for (const ColumnId id : *tags) {
      if (const TagValues* tag = index.tag(id)) tags_.push_back(tag);
    }
  }

  /// The key lives as long as this object.
  SeriesRef add(SeriesId id) {
    if (!has_all_tags_ && tags_.empty()) return {.hash = index_.hash(id), .key = {}};
    key_.clear();
    if (has_all_tags_) {
      index_.append_key(id, key_);
    } else {
      SeriesIndex::append_key(id, tags_, key_);
    }
    return {.hash = index_.hash(id), .key = keys_.add(key_)};
  }

  size_t size_bytes() const { return keys_.size_bytes(); }

 private:
  const SeriesIndex& index_;
  const bool has_all_tags_;
  std::vector<const TagValues*> tags_;
  std::string key_;  // Being put together.
  StringArena keys_;
};

}  // namespace varve::engine
