// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/segment_deletes.h"

#include <algorithm>

namespace varve::engine {

std::unique_ptr<SegmentDeletes> SegmentDeletes::make(std::shared_ptr<const DeleteSet> deletes,
                                                     const TimeRange& range,
                                                     Version applied_lowest,
                                                     const SeriesIndex& index,
                                                     const std::vector<ScanColumn>& columns) {
  if (deletes->empty() || deletes->version_last() <= applied_lowest) return nullptr;
  std::unique_ptr<SegmentDeletes> made(new SegmentDeletes(std::move(deletes), index, columns));
  bool any = false;
  for (const DeleteSet::Group& group : made->deletes_->groups()) {
    Group& live = made->groups_.emplace_back();
    for (const DeleteSet::Entry& entry : group.entries) {
      if (entry.version <= applied_lowest || !entry.range.overlaps(range)) continue;
      live.entries.push_back(entry);
      any = true;
    }
  }
  if (!any) return nullptr;
  for (const uint32_t group : made->deletes_->general()) {
    if (!made->groups_[group].entries.empty()) made->general_.push_back(group);
  }
  made->find_tags();
  return made;
}

void SegmentDeletes::find_tags() {
  for (const auto& [column, by_text] : deletes_->by_tag()) {
    ByValue by_value{.tag = index_.tag(column), .groups = {}};
    if (by_value.tag == nullptr) continue;
    for (const auto& [text, groups] : by_text) {
      const uint32_t value_id = by_value.tag->find(text);
      if (value_id == 0) continue;
      for (const uint32_t group : groups) {
        if (!groups_[group].entries.empty()) by_value.groups[value_id].push_back(group);
      }
    }
    if (!by_value.groups.empty()) by_value_.push_back(std::move(by_value));
  }
}

Result<const SegmentDeletes::OfSeries*> SegmentDeletes::of(SeriesId id) {
  if (series_id_ == id) return &series_;
  series_id_ = SeriesId{UINT32_MAX};
  series_ = {};
  for (const uint32_t group : general_) {
    auto& filter = groups_[group].filter;
    if (!filter) {
      filter = std::make_unique<TagFilter>(
          TRY(TagFilter::compile(deletes_->groups()[group].predicate, index_)));
    }
    TRY_VOID(add(group, filter->rest(id), true));
  }
  std::vector<uint32_t> candidates;
  for (const ByValue& by_value : by_value_) {
    const auto found = by_value.groups.find(by_value.tag->value_ids().get(raw(id)));
    if (found == by_value.groups.end()) continue;
    candidates.insert(candidates.end(), found->second.begin(), found->second.end());
  }
  std::ranges::sort(candidates);
  const auto rest = std::ranges::unique(candidates);
  candidates.erase(rest.begin(), rest.end());
  for (const uint32_t group : candidates) {
    TRY_VOID(add(group, TRY(resolve(deletes_->groups()[group].predicate, id)), false));
  }
  std::ranges::sort(series_.groups);
  std::ranges::sort(series_.on_fields, {}, &OnFields::version);
  series_id_ = id;
  return &series_;
}

// `shared`: the rest is one object for many series.
Result<void> SegmentDeletes::add(uint32_t group, const Predicate& rest, bool shared) {
  if (rest.is_always_false()) return {};
  if (rest.is_always_true()) {
    series_.groups.push_back(group);
    return {};
  }
  std::shared_ptr<const RowFilter> filter;
  if (shared) filter = row_filters_[&rest];
  if (!filter) {
    filter = std::make_shared<const RowFilter>(TRY(RowFilter::compile(rest, columns_)));
    if (shared) row_filters_[&rest] = filter;
  }
  for (const DeleteSet::Entry& entry : groups_[group].entries) {
    series_.on_fields.push_back({.version = entry.version, .range = entry.range, .filter = filter});
  }
  return {};
}

// What the tags of one series leave of a predicate. Cheaper than a TagFilter where few series
// match: that one first decides every value of each tag.
Result<Predicate> SegmentDeletes::resolve(const Predicate& predicate, SeriesId id) {
  const auto text_of_tag = [&]() -> std::string_view {
    const TagValues* tag = index_.tag(predicate.column());
    const uint32_t value_id = tag == nullptr ? 0 : tag->value_ids().get(raw(id));
    return value_id == 0 ? std::string_view() : tag->text(value_id);
  };
  switch (predicate.kind()) {
    case Predicate::Kind::kAnd:
    case Predicate::Kind::kOr: {
      std::vector<Predicate> parts;
      for (const Predicate& part : predicate.parts()) parts.push_back(TRY(resolve(part, id)));
      return predicate.kind() == Predicate::Kind::kAnd ? Predicate::all_of(std::move(parts))
                                                       : Predicate::any_of(std::move(parts));
    }
    case Predicate::Kind::kCompareTag: {
      const bool equal = text_of_tag() == predicate.text();
      if (predicate.op() == CompareOp::kEqual) return Predicate::always(equal);
      return Predicate::always(predicate.op() == CompareOp::kNotEqual && !equal);
    }
    case Predicate::Kind::kMatchTag: {
      auto known = patterns_.find(predicate.text());
      if (known == patterns_.end()) {
        known = patterns_.emplace(predicate.text(), TRY(Pattern::compile(predicate.text()))).first;
      }
      return Predicate::always(known->second.matches(text_of_tag()) != predicate.negated());
    }
    default: return predicate;
  }
}

const std::vector<TimeRange>& SegmentDeletes::hidden(const OfSeries& series, Version applied) {
  // A cache of what one scan needs again and again, not of everything that it ever asked.
  constexpr size_t kKeptMax = 64;
  const auto known = hidden_.find({series.groups, applied});
  if (known != hidden_.end()) return known->second;
  if (hidden_.size() >= kKeptMax) hidden_.clear();
  std::vector<TimeRange> ranges;
  for (const uint32_t group : series.groups) {
    for (const DeleteSet::Entry& entry : groups_[group].entries) {
      if (entry.version > applied) ranges.push_back(entry.range);
    }
  }
  std::ranges::sort(ranges, {}, &TimeRange::begin_ns);
  std::vector<TimeRange> apart;
  for (const TimeRange& range : ranges) {
    if (!apart.empty() && range.begin_ns <= apart.back().end_ns) {
      apart.back().end_ns = std::max(apart.back().end_ns, range.end_ns);
    } else {
      apart.push_back(range);
    }
  }
  return hidden_.emplace(std::pair(series.groups, applied), std::move(apart)).first->second;
}

}  // namespace varve::engine
