// SPDX-License-Identifier: Apache-2.0
// Turns the points of a request into batches, one for each (table, segment), in one pass and
// without an allocation per row. Keeps what it learned for the next request.
//
//   point ─▶ retention ─▶ RawKeyCache (series) ─▶ segment ─▶ shape (columns) ─▶ claims ─▶ OpenBatch
// What the catalog or the registry does not know yet ends the pass: the request then waits for the
// schema to be made (schema_pass.h) and starts over.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "ingest/cardinality.h"
#include "ingest/drops.h"
#include "ingest/ingest.h"
#include "ingest/key_budget.h"
#include "ingest/key_layout.h"
#include "ingest/open_batch.h"
#include "ingest/point_fields.h"
#include "ingest/raw_key_cache.h"
#include "ingest/segment_fields.h"
#include "ingest/table_cache.h"
#include "model/points.h"
#include "model/write_batch.h"

namespace varve {

/// Where and when a request is written.
struct BuildTarget {
  uint64_t catalog_version = 0;  ///< Rises as well when deletes freed types of fields.
  PolicyRef policy;
  int64_t now_ns = 0;
};

/// Points before it are beyond retention.
int64_t oldest_time_ns(const BuildTarget& target);

struct BuiltRequest {
  /// Without id and version.
  std::vector<WriteBatch> batches;
  IngestSummary summary;
};

/// Threads: one owner.
class RowBuilder {
 public:
  /// The registry outlives it, and so does the ledger: null when nothing is counted. The seed keeps
  /// clients from aiming at the cache.
  RowBuilder(const IngestOptions& options, const SegmentFieldsRegistry& registry,
             const CardinalityLedger* ledger, uint64_t seed);

  /// Nothing when a table, column or segment is unknown: make it, rewind the points and try again.
  /// Claims that were taken by then stay.
  std::optional<BuiltRequest> build(const BuildTarget& target, PointSource& points);

 private:
  enum class Step : uint8_t { kStored, kLeftOut, kNeedsSchema };

  Step add(const BuildTarget& target, PointSource& points, const Point& point,
           const Hash128& raw_hash, std::span<const PointField> fields);
  Step learn_series(const BuildTarget& target, PointSource& points, const Point& point,
                    std::span<const PointField> fields, const Hash128& raw_hash,
                    CachedSeries*& series);
  /// The same for a key that is spelt like an earlier one; null when none was.
  CachedSeries* learn_alike(const BuildTarget& target, const PointSource& points,
                            std::string_view raw_key, const Hash128& raw_hash);
  /// Gives the layout's serial; 0 when the key has none.
  uint64_t learn_layout(const BuildTarget& target, const PointSource& points,
                        std::string_view raw_key, uint32_t table_index);
  Hash128 canonical_hash(uint32_t table_index, std::string_view key) const;
  uint64_t canonical_seed(uint32_t table_index) const;
  /// The shape of the point in its table, or null.
  const FieldShape* find_shape(TableCache& table, uint32_t table_index, const Point& point,
                               std::span<const PointField> fields);
  /// Gives the rows of the run their cells. Called before anything that the run refers to changes.
  void end_run();
  /// Reads the fields into point_fields_; false when they alone are reason to drop the point.
  bool judge(std::string_view table, std::span<const PointField> fields);
  /// Something is unknown: but for a point that is dropped anyway nothing is made.
  Step wait_for_schema(std::string_view table, std::span<const PointField> fields);
  /// The tag of that name, or null. `place`: its place among the tags of its key.
  const Column* find_tag(const Table& table, std::string_view name, size_t place);
  /// The cache of the table, checked against the catalog; null when there is no such table.
  TableCache* find_table(const BuildTarget& target, std::string_view name, uint32_t& table_index);
  /// False when the table was dropped.
  bool revalidate(const BuildTarget& target, TableCache& table);
  SegmentCache* find_segment(const BuildTarget& target, TableCache& table, int64_t time_ns);
  OpenBatch& open_batch(TableCache& table, SegmentCache& segment);
  Step add_unfamiliar(TableCache& table, SegmentCache& segment, CachedSeries& series,
                      const Point& point, std::span<const PointField> fields);
  /// Takes the types of point_fields_ for the segment; fills claims_, one for each field.
  Step claim(TableCache& table, SegmentCache& segment);
  /// Of a point with a field that the table lacks.
  Step judge_unknown_field(TableCache& table, SegmentCache& segment);
  void use_shape(TableCache& table, SegmentCache& segment, std::span<const PointField> fields);
  BuiltRequest finish(const BuildTarget& target, PointSource& points);
  void forget_when_full();
  /// Series may have gone since: whether one is known is asked of the ledger again.
  void forget_what_went();

  const IngestOptions options_;
  const SegmentFieldsRegistry& registry_;
  const CardinalityLedger* const ledger_;
  uint64_t ledger_generation_ = 0;  // Of what keys_ holds.
  const uint64_t seed_;

  RawKeyCache keys_;
  KeyBudget key_budget_;
  uint64_t lookup_count_ = 0;  // Since keys_ was empty.
  std::vector<TableCache> tables_;
  struct TableName {
    PolicyId policy{};
    std::string name;
    bool operator==(const TableName&) const = default;
  };
  struct TableNameHash {
    size_t operator()(const TableName& name) const {
      return std::hash<std::string_view>{}(name.name) ^ raw(name.policy) * 0x9e3779b97f4a7c15u;
    }
  };
  std::unordered_map<TableName, uint32_t, TableNameHash> table_index_;
  uint64_t serial_last_ = 0;  // Of requests, batches, shapes and layouts alike.
  struct KnownLayout {
    uint64_t serial = 0;
    PolicyId policy{};
    uint32_t table_index = 0;
    uint64_t catalog_version = 0;  // In which its columns were those.
    KeyLayout layout;
  };
  std::vector<KnownLayout> layouts_;
  size_t layout_last_ = 0;  // Where a key was spelt so last.
  size_t segment_count_ = 0;

  // Of the request being built.
  uint64_t request_serial_ = 0;
  uint64_t policy_seed_ = 0;
  int64_t oldest_ns_ = 0;
  std::vector<OpenBatch> batches_;
  std::vector<uint32_t> table_of_batch_;
  Drops drops_;
  /// A shape of the source in a table, as it was found.
  struct KnownShape {
    uint32_t shape = 0;  // Of the source; 0: none.
    uint32_t table_index = 0;
    size_t place = 0;
    uint64_t serial = 0;
  };
  std::array<KnownShape, 64> known_shapes_;
  /// Neighbouring points of one shape whose rows were begun in one batch: their cells are set
  /// together.
  struct Run {
    uint32_t batch = 0;
    const std::vector<uint32_t>* positions = nullptr;  // Of the ShapeUse.
    size_t point_begin = 0;
    size_t point_count = 0;
  };
  Run run_;

  // Scratch, kept for its memory.
  PointChunk chunk_;
  std::vector<Hash128> hashes_;  // Of the chunk's raw keys.
  PointFields point_fields_;
  std::vector<SegmentFields::Claim> claims_;
  std::vector<KeyCell> cells_;
  std::vector<uint32_t> tag_columns_;  // By place in a key: which column of its table it was last.
};

}  // namespace varve
