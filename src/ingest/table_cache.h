// SPDX-License-Identifier: Apache-2.0
// What a RowBuilder remembers of a table between rows and requests: shapes of its points, its
// segments, which fields are claimed there.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "ingest/segment_fields.h"
#include "ingest/table_fields.h"
#include "model/points.h"

namespace varve {

/// The fields of a point in their order, as seen before: no name twice, none of them "time".
struct FieldShape {
  struct Field {
    std::string name;
    ValueType type = ValueType::kFloat64;
    ColumnId column{};
  };

  uint64_t serial = 0;  ///< Its alone in the builder; 0: no shape.
  size_t place = 0;     ///< Among the shapes of its table.
  std::vector<Field> fields;

  bool matches(std::span<const PointField> point) const {
    if (serial == 0 || point.size() != fields.size()) return false;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (point[i].type != fields[i].type || point[i].name != fields[i].name) return false;
    }
    return true;
  }
};

/// Senders such as agents alternate between a few shapes of a table.
inline constexpr size_t kShapesPerTable = 4;

/// A shape in one segment.
struct ShapeUse {
  uint64_t claimed_serial = 0;     ///< The shape all of whose fields are claimed; 0: none.
  uint64_t positions_request = 0;  ///< The request that `positions` are for.
  std::vector<uint32_t> positions; ///< In its batch, of each field.
};

/// A table in one segment.
struct SegmentCache {
  Segment segment;
  SegmentFieldsRef fields;
  std::vector<bool> claimed;    ///< By column id: claimed, as far as this builder knows.
  uint64_t request_serial = 0;  ///< The request in which `open_batch` is meant.
  uint32_t open_batch = 0;
  std::array<ShapeUse, kShapesPerTable> shapes;  ///< By FieldShape::place.
};

/// Threads: one owner.
class TableCache {
 public:
  TableCache(TableRef table, uint64_t version) { update(std::move(table), version); }

  /// A form of the same table, found in that version of the catalog. Forgets the segments:
  /// they are looked up again.
  void update(TableRef table, uint64_t version);
  /// The table does not exist any more.
  void mark_dropped() { table_ = nullptr; }

  bool is_dropped() const { return table_ == nullptr; }
  uint64_t version() const { return version_; }
  const Table& table() const { return *table_; }
  const TableFields& fields() const { return fields_; }

  /// The shape of the point, or null.
  const FieldShape* find_shape(std::span<const PointField> point) {
    if (shapes_[shape_last_].matches(point)) return &shapes_[shape_last_];
    for (size_t i = 0; i < shapes_.size(); ++i) {
      if (i == shape_last_ || !shapes_[i].matches(point)) continue;
      shape_last_ = i;
      return &shapes_[i];
    }
    return nullptr;
  }
  const FieldShape& shape(size_t place) const { return shapes_[place]; }
  /// Learns a shape instead of the one learned longest ago.
  const FieldShape& learn_shape(FieldShape shape);

  /// The segment that holds the time, as far as it was met; else null. Valid until add_segment().
  SegmentCache* find_segment(const Policy& policy, int64_t time_ns) {
    if (!segments_.empty() && segments_[segment_last_].segment.range.contains(time_ns)) {
      return &segments_[segment_last_];
    }
    return find_segment_slowly(policy, time_ns);
  }
  SegmentCache* add_segment(const Segment& segment, SegmentFieldsRef fields);
  size_t segment_count() const { return segments_.size(); }

  // The builder's: the layout of all keys learned of the table; 0: none was.
  static constexpr uint64_t kManyLayouts = UINT64_MAX;
  uint64_t key_layout = 0;

  // Of the request being built; the builder's.
  uint64_t request_serial = 0;
  uint32_t open_batch_count = 0;
  size_t row_count_last = 0;  ///< Of the last batch, as a guess for the next.

 private:
  SegmentCache* find_segment_slowly(const Policy& policy, int64_t time_ns);

  TableRef table_;
  uint64_t version_ = 0;
  TableFields fields_;
  std::array<FieldShape, kShapesPerTable> shapes_;
  size_t shape_last_ = 0;
  size_t shape_oldest_ = 0;
  std::vector<SegmentCache> segments_;
  std::unordered_map<uint32_t, uint32_t> segment_index_;
  size_t segment_last_ = 0;
};

}  // namespace varve
