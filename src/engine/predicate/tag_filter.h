// SPDX-License-Identifier: Apache-2.0
// A predicate, as far as the tags of a series decide it: true, false, or a rest over field columns.
//
// Each condition on a tag is decided once for every distinct value of the tag, then read off the
// arrays of value ids, part by part; parts that do not hold a wanted value are skipped.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/result.h"
#include "engine/series_index/series_index.h"
#include "model/predicate.h"
#include "store/store.h"

namespace varve::engine {

class TagFilter {
 public:
  /// kInvalidInput when a regular expression does not compile, kCancelled. The index outlives the
  /// filter.
  static Result<TagFilter> compile(const Predicate& predicate, const SeriesIndex& index,
                                   const CancelFlag& cancel = nullptr);

  /// What remains to be decided by the fields of the series' rows. The reference is valid as long
  /// as the filter; equal rests are one object.
  const Predicate& rest(SeriesId id);
  /// False when no row of the series can match.
  bool may_match(SeriesId id) const { return may_match(root_, id); }

  /// The series that may_match() is asked about in match_part() are those of this moment.
  uint32_t series_count() const { return series_count_; }
  size_t part_count() const {
    return (size_t{series_count_} + SeriesBits::kPartSeries - 1) / SeriesBits::kPartSeries;
  }
  /// Sets `words` to the series of a part that may match; false when there are none.
  bool match_part(size_t number, SeriesBits::Words& words) const;

 private:
  // One condition on one tag.
  struct Leaf {
    const TagValues* tag = nullptr;  // Null: no series has the tag.
    // A value id matches when it is `value_id`; or else when it is not.
    bool is_equal = true;
    uint32_t value_id = kNoValue;
    // By value id, when the condition is a pattern: then the two above say nothing.
    bool is_pattern = false;
    std::vector<uint8_t> verdicts;
    uint32_t match_first = kNoValue;  // The lowest and the highest value id but 0 that match.
    uint32_t match_last = 0;
  };
  struct Node {
    enum class Kind : uint8_t { kConstant, kAnd, kOr, kLeaf, kField };
    Kind kind = Kind::kConstant;
    bool constant = true;
    size_t leaf = 0;
    std::vector<Node> parts;
  };
  // What is known of the series of a part; kSome: as the words say.
  enum class Match : uint8_t { kNone, kAll, kSome };
  static constexpr uint32_t kNoValue = UINT32_MAX;

  TagFilter(const Predicate& predicate, uint32_t series_count)
      : predicate_(predicate), series_count_(series_count) {}
  Result<Node> compile_node(const Predicate& predicate, const SeriesIndex& index,
                            const CancelFlag& cancel);
  static Result<Leaf> compile_leaf(const Predicate& predicate, const SeriesIndex& index,
                                   const CancelFlag& cancel);
  static bool verdict(const Leaf& leaf, uint32_t value_id);
  bool verdict(size_t leaf, SeriesId id) const;
  bool may_match(const Node& node, SeriesId id) const;
  Match match(const Node& node, size_t number, size_t count, SeriesBits::Words& words) const;
  static Match match_leaf(const Leaf& leaf, size_t number, size_t count, SeriesBits::Words& words);
  Predicate resolve(const Predicate& predicate, const std::vector<bool>& verdicts,
                    size_t& next_leaf) const;

  Predicate predicate_;
  uint32_t series_count_;
  bool on_tags_only_ = true;
  Node root_;
  std::vector<Leaf> leaves_;  // In the order in which the tree is walked.
  std::vector<bool> key_;
  std::map<std::vector<bool>, Predicate> rests_;
};

}  // namespace varve::engine
