// SPDX-License-Identifier: Apache-2.0
// The deletes that can hide rows of one segment from one scan, series by series.
// Threads: one owner.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/deletes/delete_set.h"
#include "engine/predicate/row_filter.h"
#include "engine/predicate/tag_filter.h"
#include "engine/series_index/series_index.h"

namespace varve::engine {

class SegmentDeletes {
 public:
  /// A delete whose condition on fields is judged on merged rows.
  struct OnFields {
    Version version;
    TimeRange range;
    std::shared_ptr<const RowFilter> filter;
  };
  struct OfSeries {
    /// Groups that hide every row of the series in their ranges, rising.
    std::vector<uint32_t> groups;
    std::vector<OnFields> on_fields;  ///< By rising version.
    bool empty() const { return groups.empty() && on_fields.empty(); }
  };

  /// Null when no delete above `applied_lowest` overlaps the range. `index` and `columns` outlive
  /// it; `columns` has what the deletes read.
  static std::unique_ptr<SegmentDeletes> make(std::shared_ptr<const DeleteSet> deletes,
                                              const TimeRange& range, Version applied_lowest,
                                              const SeriesIndex& index,
                                              const std::vector<ScanColumn>& columns);

  /// What concerns the series; valid until the next call. kInvalidInput when a regular expression
  /// does not compile.
  Result<const OfSeries*> of(SeriesId id);
  /// Where the groups hide rows of a source to which deletes up to `applied` were applied: sorted,
  /// apart from each other. Valid until the next call.
  const std::vector<TimeRange>& hidden(const OfSeries& series, Version applied);

 private:
  struct Group {
    std::vector<DeleteSet::Entry> entries;  // Those that overlap the range.
    std::unique_ptr<TagFilter> filter;      // Of a general group, once it was asked for.
  };
  SegmentDeletes(std::shared_ptr<const DeleteSet> deletes, const SeriesIndex& index,
                 const std::vector<ScanColumn>& columns)
      : deletes_(std::move(deletes)), index_(index), columns_(columns) {}
  void find_tags();
  Result<void> add(uint32_t group, const Predicate& rest, bool shared);
  Result<Predicate> resolve(const Predicate& predicate, SeriesId id);

  // Groups by the value of one tag.
  struct ByValue {
    const TagValues* tag = nullptr;
    std::unordered_map<uint32_t, std::vector<uint32_t>> groups;
  };

  const std::shared_ptr<const DeleteSet> deletes_;
  const SeriesIndex& index_;
  const std::vector<ScanColumn>& columns_;
  std::vector<Group> groups_;  // As in the set; without entries: not of this segment.
  std::vector<uint32_t> general_;
  std::vector<ByValue> by_value_;
  std::map<std::string, Pattern> patterns_;
  std::map<const Predicate*, std::shared_ptr<const RowFilter>> row_filters_;

  SeriesId series_id_{UINT32_MAX};
  OfSeries series_;
  // Most series share their groups, so the ranges are kept.
  std::map<std::pair<std::vector<uint32_t>, Version>, std::vector<TimeRange>> hidden_;
};

}  // namespace varve::engine
