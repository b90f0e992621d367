// SPDX-License-Identifier: Apache-2.0
// Makes what the points of a request need: tables with their columns, segments, and the record of
// which fields are there. One pass over the points collects, then each table is made with all of
// its columns at once.
//
// It makes nothing for a point that would be dropped for a conflict: it judges as RowBuilder does.
// Threads: one that may wait for the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "ingest/cardinality.h"
#include "ingest/ingest.h"
#include "ingest/point_fields.h"
#include "ingest/segment_fields.h"
#include "ingest/table_fields.h"
#include "model/points.h"
#include "store/store.h"

namespace varve {

/// What a pass works with; all of them outlive it.
struct SchemaParts {
  Catalog& catalog;
  Store& store;
  SegmentFieldsRegistry& registry;
  CardinalityLedger* ledger;  ///< Null without limits.
  const IngestOptions& options;
};

class SchemaPass {
 public:
  /// `policy`, of that database, is the present form; points before `oldest_ns` do not count.
  SchemaPass(const SchemaParts& parts, std::string database, PolicyRef policy, int64_t oldest_ns);

  /// Reads all points from the start and makes what they need: all of it, or nothing with
  /// kTooLarge.
  Result<void> run(PointSource& points);

 private:
  using Types = std::unordered_map<std::string, ValueType>;
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  /// What a table needs.
  struct Need {
    std::string name;
    TableRef existing;  ///< Null: to be made.
    TableFields fields;
    std::vector<NewColumn> columns;
    std::unordered_set<std::string> new_tags;
    std::unordered_set<std::string> new_fields;  ///< Name and type.
    /// Which types the points so far give the fields, by segment.
    std::unordered_map<uint32_t, Types> types;
  };

  Result<void> collect(PointSource& points, const Point& point,
                       std::span<const PointField> fields);
  /// Null when no point of this key is ever stored.
  Result<Need*> need_of(PointSource& points, const Point& point);
  /// Notes the series when the ledger does not have it.
  Result<void> note_series(const Need& need, const PointKey& key);
  Result<void> admit() const;
  Result<Segment> segment_of(int64_t time_ns);
  /// The record of an existing table's fields in the segment, loaded when missing.
  Result<SegmentFieldsRef> fields_of(const Table& table, const Segment& segment);
  Result<void> make(Need& need);

  Catalog& catalog_;
  Store& store_;
  SegmentFieldsRegistry& registry_;
  CardinalityLedger* const ledger_;
  const IngestOptions& options_;
  const std::string database_;
  PolicyRef policy_;
  int64_t oldest_ns_;

  std::unordered_map<std::string, std::unique_ptr<Need>> needs_;
  std::vector<NewSeries> new_series_;
  /// By raw key: a key is taken apart once.
  std::unordered_map<std::string, Need*, TextHash, std::equal_to<>> need_of_key_;
  /// Of the last point that counted.
  uint32_t shape_last_ = 0;
  const Need* need_last_ = nullptr;
  SegmentId shape_segment_last_{};
  Segment segment_last_{SegmentId{}, {0, 0}};
  std::unordered_map<uint32_t, Segment> segments_;
  PointFields point_fields_;
};

}  // namespace varve
