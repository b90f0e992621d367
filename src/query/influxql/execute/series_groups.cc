// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/series_groups.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string_view>

#include "base/checksum.h"
#include "query/influxql/execute/text_order.h"

namespace varve::influxql {
namespace {

/// The tag values of every series, and which are equal.
class TagTexts {
 public:
  TagTexts(const SeriesList& list, std::span<const std::optional<ColumnId>> tags,
           Interrupt& interrupt)
      : tag_count_(tags.size()) {
    texts_.reserve(list.series.size() * tag_count_);
    for (const SeriesRef& series : list.series) {
      const bool is_wanted = !interrupt.is_due();
      for (const auto& tag : tags) {
        texts_.push_back(tag && is_wanted ? key_cell(series.key, *tag) : std::string_view());
      }
    }
  }

  std::span<const std::string_view> of(size_t place) const {
    return std::span(texts_).subspan(place * tag_count_, tag_count_);
  }

  /// The places of series with different values, one for each kind, as they come; `kind_of` gets
  /// the kind of each series.
  std::vector<uint32_t> find_kinds(size_t series_count, std::vector<uint32_t>& kind_of) const {
    kind_of.assign(series_count, 0);
    if (series_count == 0) return {};
    if (tag_count_ == 0) return {0};
    std::vector<uint32_t> first_places;
    std::vector<uint32_t> slots(std::bit_ceil(series_count * 2), SeriesGroups::kNone);
    for (uint32_t place = 0; place < series_count; ++place) {
      size_t slot = hash(place) & (slots.size() - 1);
      while (slots[slot] != SeriesGroups::kNone &&
             !std::ranges::equal(of(first_places[slots[slot]]), of(place))) {
        slot = (slot + 1) & (slots.size() - 1);
      }
      if (slots[slot] == SeriesGroups::kNone) {
        slots[slot] = static_cast<uint32_t>(first_places.size());
        first_places.push_back(place);
      }
      kind_of[place] = slots[slot];
    }
    return first_places;
  }

 private:
  // Senders choose the texts; where this object lies they do not know.
  uint64_t hash(size_t place) const {
    uint64_t hash = std::bit_cast<uintptr_t>(this);
    for (const std::string_view text : of(place)) hash = hash128_seeded(text, hash).low;
    return hash;
  }

  const size_t tag_count_;
  std::vector<std::string_view> texts_;
};

// The kinds in order of their texts.
std::vector<uint32_t> sorted_kinds(const TagTexts& texts, const std::vector<uint32_t>& places,
                                   Interrupt& interrupt) {
  std::vector<uint32_t> order(places.size());
  std::iota(order.begin(), order.end(), 0);
  if (places.size() < 2) return order;
  const std::string_view first = texts.of(places[0])[0];
  size_t prefix = first.size();
  for (const uint32_t place : places) {
    prefix = common_prefix(first.substr(0, prefix), texts.of(place)[0]);
  }
  struct Kind {
    uint64_t leading = 0;
    uint32_t kind = 0;
  };
  std::vector<Kind> kinds;
  kinds.reserve(places.size());
  for (uint32_t kind = 0; kind < places.size(); ++kind) {
    kinds.push_back({leading_bytes(texts.of(places[kind])[0].substr(prefix)), kind});
  }
  std::ranges::sort(kinds, [&](const Kind& a, const Kind& b) {
    if (interrupt.is_due()) return false;
    if (a.leading != b.leading) return a.leading < b.leading;
    return std::ranges::lexicographical_compare(texts.of(places[a.kind]),
                                                texts.of(places[b.kind]));
  });
  for (size_t i = 0; i < kinds.size(); ++i) order[i] = kinds[i].kind;
  return order;
}

}  // namespace

Result<SeriesGroups> SeriesGroups::make(const std::string& name, const SeriesList& list,
                                        std::span<const std::optional<ColumnId>> tags,
                                        Interrupt& interrupt, MemoryClaim& memory) {
  SeriesGroups groups;
  // The texts, which are equal, and what this keeps of each series.
  const size_t series_bytes = tags.size() * sizeof(std::string_view) + 20 + sizeof(KeyHash) +
                              3 * sizeof(uint32_t);
  TRY_VOID(memory.set(list.series.size() * series_bytes));
  const TagTexts texts(list, tags, interrupt);
  TRY_VOID(interrupt.check());
  const std::vector<uint32_t> places = texts.find_kinds(list.series.size(), groups.group_of_);
  const size_t group_bytes = 2 * sizeof(uint32_t) + 16 + sizeof(GroupKey) + name.capacity() +
                             tags.size() * sizeof(std::string);
  TRY_VOID(memory.set(list.series.size() * series_bytes + places.size() * group_bytes));
  const std::vector<uint32_t> order = sorted_kinds(texts, places, interrupt);
  TRY_VOID(interrupt.check());
  std::vector<uint32_t> group_of_kind(places.size());
  groups.keys_.reserve(places.size());
  for (uint32_t group = 0; group < order.size(); ++group) {
    if (interrupt.is_due()) return fail(interrupt.check().error());
    group_of_kind[order[group]] = group;
    const auto values = texts.of(places[order[group]]);
    groups.keys_.push_back({.name = name, .tags = {values.begin(), values.end()}});
  }
  for (uint32_t& group : groups.group_of_) group = group_of_kind[group];
  groups.series_.reserve(list.series.size());
  for (const SeriesRef& series : list.series) groups.series_.push_back(series.hash);
  groups.list_places(places.size());
  TRY_VOID(memory.set(groups.size_bytes()));
  return groups;
}

void SeriesGroups::list_places(size_t group_count) {
  begins_.assign(group_count + 1, 0);
  for (const uint32_t group : group_of_) ++begins_[group + 1];
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  places_.resize(series_.size());
  std::vector<uint32_t> next(begins_.begin(), begins_.end() - 1);
  for (uint32_t place = 0; place < series_.size(); ++place) {
    places_[next[group_of_[place]]++] = place;
  }
}

std::optional<size_t> SeriesGroups::find(const KeyHash& hash, size_t hint) const {
  for (size_t place = hint; place < series_.size() && place < hint + 2; ++place) {
    if (series_[place] == hash) return place;
  }
  const auto found = std::ranges::lower_bound(series_, hash);
  if (found == series_.end() || *found != hash) return std::nullopt;
  return static_cast<size_t>(found - series_.begin());
}

void SeriesGroups::keep(std::span<const uint32_t> groups) {
  std::vector<uint32_t> number(size(), kNone);
  std::vector<GroupKey> keys;
  for (uint32_t i = 0; i < groups.size(); ++i) {
    number[groups[i]] = i;
    keys.push_back(std::move(keys_[groups[i]]));
  }
  keys_ = std::move(keys);
  size_t kept = 0;
  for (size_t place = 0; place < series_.size(); ++place) {
    const uint32_t group = number[group_of_[place]];
    if (group == kNone) continue;
    series_[kept] = series_[place];
    group_of_[kept++] = group;
  }
  series_.resize(kept);
  group_of_.resize(kept);
  list_places(groups.size());
}

size_t SeriesGroups::size_bytes() const {
  size_t bytes = series_.size() * (sizeof(KeyHash) + 2 * sizeof(uint32_t)) +
                 begins_.size() * sizeof(uint32_t);
  for (const GroupKey& key : keys_) {
    bytes += sizeof(key) + key.tags.size() * sizeof(std::string);
    for (const std::string& tag : key.tags) bytes += tag.size() < 16 ? 0 : tag.capacity();
  }
  return bytes;
}

}  // namespace varve::influxql
