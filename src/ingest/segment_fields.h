// SPDX-License-Identifier: Apache-2.0
// Which type each field of a table has in a segment. A field's type belongs to (table, segment):
// whoever writes a field there first decides, and it stays so until its rows are deleted.
//
// A type is claimed before its rows reach the Store, so that two writers at once cannot store two
// types. A claim whose write then fails stays, as InfluxDB's does.
// Threads: every member is safe anywhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "ingest/table_fields.h"
#include "model/ids.h"
#include "model/value.h"

namespace varve {

/// The fields of one table in one segment.
class SegmentFields {
 public:
  /// `present`: the columns that hold cells there already.
  explicit SegmentFields(const std::vector<ColumnId>& present);

  struct Claim {
    const TableFields::Variants* variants = nullptr;
    ValueType type = ValueType::kFloat64;
  };
  struct Conflict {
    size_t claim_index = 0;
    ValueType existing = ValueType::kFloat64;
  };

  /// Takes all of the claims, or none and says which one contradicts. Requires that every variant
  /// exists and that no two claims name one field.
  std::optional<Conflict> claim(std::span<const Claim> claims);
  /// The type that keeps the field from having this one here; nothing when it may.
  std::optional<ValueType> contradiction(const TableFields::Variants& variants,
                                         ValueType type) const;

 private:
  bool has(ColumnId column) const REQUIRES(mutex_);
  std::optional<ValueType> find_contradiction(const TableFields::Variants& variants,
                                              ValueType type) const REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<bool> columns_ GUARDED_BY(mutex_);  // By column id.
};
using SegmentFieldsRef = std::shared_ptr<SegmentFields>;

/// The SegmentFields that this process has met.
class SegmentFieldsRegistry {
 public:
  /// Null when nobody has loaded it yet.
  SegmentFieldsRef find(TableId table, SegmentId segment) const;
  /// Keeps what is there already, and gives what is kept.
  SegmentFieldsRef put(TableId table, SegmentId segment, SegmentFieldsRef fields);
  /// Forgets a table, so that it is loaded again. A claim whose rows are still under way is lost
  /// with it: two types may then stand side by side, as when two nodes write them.
  void forget(TableId table);
  /// Rises with every forget(), once the table is forgotten.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  size_t size() const;
  /// Forgets every other table and segment.
  void keep_only(const std::unordered_set<uint32_t>& tables,
                 const std::unordered_set<uint32_t>& segments);

 private:
  mutable Mutex mutex_;
  std::unordered_map<uint64_t, SegmentFieldsRef> by_place_ GUARDED_BY(mutex_);
  std::atomic<uint64_t> generation_{0};
};

}  // namespace varve
