// SPDX-License-Identifier: Apache-2.0
// Which databases, policies, tables and columns there are: an immutable picture that readers keep
// as long as they like. A later picture shares what did not change.
//
//   CatalogSnapshot ── Database ── Policy ── Table ── Column
//                                     └────── Segment
// Names are exact, case included.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/standing.h"
#include "catalog/user.h"
#include "model/ids.h"
#include "model/time_range.h"
#include "model/value.h"

namespace varve {

/// A tag and a field may share a name, and a field may have several variants by type.
struct Column {
  ColumnId id{};
  std::string name;
  ColumnKind kind = ColumnKind::kField;
  ValueType type = ValueType::kFloat64;
};

/// A measurement of one policy.
class Table {
 public:
  TableId id{};
  std::string name;
  MergeMode mode = MergeMode::kMerge;
  /// In order of id; ids are dense from 1: columns[i].id == i + 1.
  std::vector<Column> columns;

  const Column* tag(std::string_view column_name) const;
  const Column* field(std::string_view column_name, ValueType type) const;
  /// Every variant of a field, in order of id.
  std::vector<const Column*> fields(std::string_view column_name) const;
  const Column* column(ColumnId column_id) const;
};
using TableRef = std::shared_ptr<const Table>;

/// A slice of time of a policy; no SST spans one. Ranges never overlap and never change.
struct Segment {
  SegmentId id{};
  TimeRange range;
};

/// A retention policy.
class Policy {
 public:
  PolicyId id{};
  std::string name;
  int64_t duration_ns = 0;          ///< 0: keeps for ever.
  int64_t segment_duration_ns = 0;  ///< Of segments made from now on.
  uint32_t replica_count = 1;
  /// Sorted by begin.
  std::vector<Segment> segments;
  /// In order of creation.
  std::vector<SubscriptionRef> subscriptions;

  /// Null when there is none.
  const Segment* segment_at(int64_t time_ns) const;
  /// Segments that ended at least `duration_ns` before `now_ns`, in order of time; none when the
  /// policy keeps for ever.
  std::vector<Segment> expired_segments(int64_t now_ns) const;
  TableRef table(std::string_view table_name) const;
  /// Sorted by name.
  std::vector<TableRef> tables() const;
  /// Adds the table, or replaces the one of its name. Copies one bucket: other copies of this
  /// policy do not change.
  void put_table(TableRef table);
  /// Nothing when unknown.
  void remove_table(std::string_view table_name);
  using Bucket = std::unordered_map<std::string, TableRef>;
  /// Many at once, by name; replaces all there are.
  void put_tables(Bucket tables);

  /// Tables in a fixed number of buckets by hash of the name: a new table copies one bucket.
  /// Empty, and null in its places, until there is a table to hold.
  std::vector<std::shared_ptr<const Bucket>> buckets;
};
using PolicyRef = std::shared_ptr<const Policy>;

class Database {
 public:
  DatabaseId id{};
  std::string name;
  /// Stays when that policy is dropped: policy(default_policy) is then null; errors can name it.
  std::string default_policy;
  /// In order of creation.
  std::vector<PolicyRef> policies;
  /// In order of creation.
  std::vector<SavedQueryRef> continuous_queries;

  PolicyRef policy(std::string_view policy_name) const;
};
using DatabaseRef = std::shared_ptr<const Database>;

class CatalogSnapshot {
 public:
  uint64_t version = 0;  ///< Rises with every change.
  std::map<std::string, DatabaseRef, std::less<>> databases;
  /// In order of creation.
  std::vector<UserRef> users;

  DatabaseRef database(std::string_view database_name) const;
  UserRef user(std::string_view user_name) const;
  /// The policy that has the segment; null when none has.
  PolicyRef policy_of(SegmentId segment) const;
};
using CatalogSnapshotRef = std::shared_ptr<const CatalogSnapshot>;

}  // namespace varve
