// SPDX-License-Identifier: Apache-2.0
// Keys of series, put together for those who show them. Threads: one owner.
#pragma once

#include <string>

#include "engine/series_index/series_index.h"
#include "model/column_vector.h"

namespace varve::engine {

class SeriesKeys {
 public:
  /// The key lives as long as this object.
  SeriesRef add(const SeriesIndex& index, SeriesId id) {
    key_.clear();
    index.append_key(id, key_);
    return {.hash = index.hash(id), .key = keys_.add(key_)};
  }

 private:
  std::string key_;  // Being put together.
  StringArena keys_;
};

}  // namespace varve::engine
