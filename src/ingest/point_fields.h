// SPDX-License-Identifier: Apache-2.0
// The fields of one point as they count: each name once (the last of a name wins), none of them
// "time". Both the builder of rows and the maker of schemas judge points by it, so that they agree.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/points.h"

namespace varve {

/// Threads: one owner.
class PointFields {
 public:
  /// One name with two types in one point.
  struct Conflict {
    const PointField* field = nullptr;
    ValueType existing = ValueType::kFloat64;
  };

  /// Reads a point. The fields must outlive the use of fields().
  std::optional<Conflict> read(std::span<const PointField> fields);

  std::span<const PointField* const> fields() const { return fields_; }
  /// A field named time was left out.
  bool has_time_field() const { return has_time_field_; }

 private:
  // Where the name stands in fields_, or its size.
  size_t find(std::string_view name) const;

  std::vector<const PointField*> fields_;
  // Only of points with many fields; few are compared one by one.
  std::unordered_map<std::string_view, size_t> by_name_;
  bool has_time_field_ = false;
  bool has_many_ = false;
};

}  // namespace varve
