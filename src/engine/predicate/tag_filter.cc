// SPDX-License-Identifier: Apache-2.0
#include "engine/predicate/tag_filter.h"

#include <algorithm>

#include "engine/predicate/pattern.h"

namespace varve::engine {

Result<TagFilter> TagFilter::compile(const Predicate& predicate, const SeriesIndex& index) {
  TagFilter filter(predicate);
  TRY_VOID(filter.add_leaves(predicate, index));
  filter.key_.resize(filter.leaves_.size());
  return filter;
}

Result<void> TagFilter::add_leaves(const Predicate& predicate, const SeriesIndex& index) {
  for (const Predicate& part : predicate.parts()) TRY_VOID(add_leaves(part, index));
  const bool compares = predicate.kind() == Predicate::Kind::kCompareTag;
  if (!compares && predicate.kind() != Predicate::Kind::kMatchTag) return {};
  Leaf leaf{.tag = index.tag(predicate.column()), .verdicts = {}};
  const uint32_t value_count = leaf.tag ? leaf.tag->value_count() : 0;
  leaf.verdicts.resize(value_count + 1);
  // Value id 0 stands for the tag that a series does not have, which equals ''.
  if (compares) {
    const bool equal = predicate.op() == CompareOp::kEqual;
    // Source: model/predicate.h: tags know = and != only.
    if (equal || predicate.op() == CompareOp::kNotEqual) {
      std::ranges::fill(leaf.verdicts, equal ? 0 : 1);
      const uint32_t match = predicate.text().empty() || !leaf.tag
                                 ? 0
                                 : index.value_id(*leaf.tag, predicate.text());
      if (match != 0 || predicate.text().empty()) {
        if (match < leaf.verdicts.size()) leaf.verdicts[match] = equal ? 1 : 0;
      }
    }
  } else {
    const Pattern pattern = TRY(Pattern::compile(predicate.text()));
    leaf.verdicts[0] = pattern.matches("") != predicate.negated();
    for (uint32_t id = 1; id <= value_count; ++id) {
      leaf.verdicts[id] = pattern.matches(leaf.tag->text(id)) != predicate.negated();
    }
  }
  leaves_.push_back(std::move(leaf));
  return {};
}

bool TagFilter::verdict(const Leaf& leaf, SeriesId id) const {
  const uint32_t value_id = leaf.tag ? leaf.tag->value_ids().get(raw(id)) : 0;
  // A value that came after the filter was compiled belongs to a series that came after it too.
  return value_id < leaf.verdicts.size() && leaf.verdicts[value_id] != 0;
}

const Predicate& TagFilter::rest(SeriesId id) {
  if (leaves_.empty()) return predicate_;
  for (size_t i = 0; i < leaves_.size(); ++i) key_[i] = verdict(leaves_[i], id);
  if (const auto known = rests_.find(key_); known != rests_.end()) return known->second;
  size_t next_leaf = 0;
  return rests_.emplace(key_, resolve(predicate_, key_, next_leaf)).first->second;
}

Predicate TagFilter::resolve(const Predicate& predicate, const std::vector<bool>& verdicts,
                             size_t& next_leaf) const {
  switch (predicate.kind()) {
    case Predicate::Kind::kAnd:
    case Predicate::Kind::kOr: {
      std::vector<Predicate> parts;
      for (const Predicate& part : predicate.parts()) {
        parts.push_back(resolve(part, verdicts, next_leaf));
      }
      return predicate.kind() == Predicate::Kind::kAnd ? Predicate::all_of(std::move(parts))
                                                       : Predicate::any_of(std::move(parts));
    }
    case Predicate::Kind::kCompareTag:
    case Predicate::Kind::kMatchTag: return Predicate::always(verdicts[next_leaf++]);
    default: return predicate;
  }
}

}  // namespace varve::engine
