// SPDX-License-Identifier: Apache-2.0
// A predicate, as far as the tags of a series decide it: true, false, or a rest over field columns.
//
// Each condition on a tag is evaluated once for every distinct value of the tag.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/result.h"
#include "engine/series_index/series_index.h"
#include "model/predicate.h"

namespace varve::engine {

class TagFilter {
 public:
  /// kInvalidInput when a regular expression does not compile. The index outlives the filter.
  static Result<TagFilter> compile(const Predicate& predicate, const SeriesIndex& index);

  /// What remains to be decided by the fields of the series' rows. The reference is valid as long
  /// as the filter; equal rests are one object.
  const Predicate& rest(SeriesId id);
  /// False when no row of the series can match.
  bool may_match(SeriesId id) { return !rest(id).is_always_false(); }

 private:
  // One condition on one tag, with its verdict by value id.
  struct Leaf {
    const TagValues* tag = nullptr;  // Null: no series has the tag.
    std::vector<uint8_t> verdicts;
  };

  explicit TagFilter(const Predicate& predicate) : predicate_(predicate) {}
  Result<void> add_leaves(const Predicate& predicate, const SeriesIndex& index);
  bool verdict(const Leaf& leaf, SeriesId id) const;
  Predicate resolve(const Predicate& predicate, const std::vector<bool>& verdicts,
                    size_t& next_leaf) const;

  Predicate predicate_;
  std::vector<Leaf> leaves_;  // In the order in which the tree is walked.
  std::vector<bool> key_;
  std::map<std::vector<bool>, Predicate> rests_;
};

}  // namespace varve::engine
