// SPDX-License-Identifier: Apache-2.0
// The deletes of one table that still have something to hide, grouped so that a scan finds those of
// a series without looking at all of them.
//
//   tag = text ──▶ groups ┐
//   all others ───────────┴▶ group: one predicate ──▶ entries: range and version
//
// Threads: immutable once made; safe anywhere.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/deletes/table_delete.h"
#include "model/scan_spec.h"

namespace varve::engine {

class DeleteSet {
 public:
  struct Entry {
    TimeRange range;
    Version version;
  };
  /// Deletes with equal predicates.
  struct Group {
    Predicate predicate;
    bool on_fields = false;
    std::vector<Entry> entries;  ///< By rising version.
  };

  /// By rising version.
  explicit DeleteSet(std::vector<TableDelete> deletes);
  static std::shared_ptr<const DeleteSet> none();

  bool empty() const { return deletes_.empty(); }
  const std::vector<TableDelete>& all() const { return deletes_; }
  /// Zero when there is none.
  Version version_last() const { return empty() ? Version{} : deletes_.back().version; }
  /// The deletes up to this version; `whole` itself when that is all of them.
  static std::shared_ptr<const DeleteSet> up_to(std::shared_ptr<const DeleteSet> whole,
                                                const Version& version);
  /// The highest version below `version`; zero when there is none.
  Version version_before(const Version& version) const;

  const std::vector<Group>& groups() const { return groups_; }
  /// Groups that can only match a series whose tag has a certain text.
  using ByText = std::map<std::string, std::vector<uint32_t>, std::less<>>;
  const std::map<ColumnId, ByText>& by_tag() const { return by_tag_; }
  /// All other groups.
  const std::vector<uint32_t>& general() const { return general_; }

  /// Adds the field columns that deletes overlapping the range read, each once.
  void collect_field_columns(const TimeRange& range, std::vector<ScanColumn>& columns) const;
  /// Versions of deletes on fields that overlap the range, rising.
  std::vector<Version> field_versions(const TimeRange& range) const;

  /// Deletes of this set that `later` makes needless.
  std::vector<Version> covered_by(const TableDelete& later) const;

 private:
  std::vector<TableDelete> deletes_;
  std::vector<Group> groups_;
  std::map<ColumnId, ByText> by_tag_;
  std::vector<uint32_t> general_;
};

/// kInvalidInput when a regular expression on a field does not compile.
Result<void> check_field_patterns(const Predicate& predicate);
/// Adds the field columns of the predicate that `columns` does not have yet.
void collect_scan_columns(const Predicate& predicate, std::vector<ScanColumn>& columns);

}  // namespace varve::engine
