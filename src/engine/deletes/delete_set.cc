// SPDX-License-Identifier: Apache-2.0
#include "engine/deletes/delete_set.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "engine/predicate/pattern.h"

namespace varve::engine {
namespace {

using TagText = std::pair<ColumnId, std::string>;

// One of these must be a tag of every series that can match; nothing when there is no such list.
std::optional<std::vector<TagText>> needed_tags(const Predicate& predicate) {
  switch (predicate.kind()) {
    case Predicate::Kind::kCompareTag:
      if (predicate.op() != CompareOp::kEqual || predicate.text().empty()) return std::nullopt;
      return std::vector<TagText>{{predicate.column(), predicate.text()}};
    case Predicate::Kind::kAnd: {
      std::optional<std::vector<TagText>> best;
      for (const Predicate& part : predicate.parts()) {
        auto tags = needed_tags(part);
        if (tags && (!best || tags->size() < best->size())) best = std::move(tags);
      }
      return best;
    }
    case Predicate::Kind::kOr: {
      std::vector<TagText> all;
      for (const Predicate& part : predicate.parts()) {
        auto tags = needed_tags(part);
        if (!tags) return std::nullopt;
        all.insert(all.end(), tags->begin(), tags->end());
      }
      std::ranges::sort(all);
      const auto rest = std::ranges::unique(all);
      all.erase(rest.begin(), rest.end());
      return all;
    }
    default: return std::nullopt;
  }
}

}  // namespace

DeleteSet::DeleteSet(std::vector<TableDelete> deletes) : deletes_(std::move(deletes)) {
  std::unordered_map<std::string, uint32_t> group_of;
  for (const TableDelete& known : deletes_) {
    std::string bytes;
    encode_predicate(known.predicate, bytes);
    const auto [place, is_new] =
        group_of.emplace(std::move(bytes), static_cast<uint32_t>(groups_.size()));
    if (is_new) {
      groups_.push_back({.predicate = known.predicate,
                         .on_fields = !known.predicate.is_on_tags_only(),
                         .entries = {}});
      if (const auto tags = needed_tags(known.predicate)) {
        for (const auto& [tag, text] : *tags) by_tag_[tag][text].push_back(place->second);
      } else {
        general_.push_back(place->second);
      }
    }
    groups_[place->second].entries.push_back({.range = known.range, .version = known.version});
  }
}

std::shared_ptr<const DeleteSet> DeleteSet::none() {
  static const auto empty = std::make_shared<const DeleteSet>(std::vector<TableDelete>());
  return empty;
}

std::shared_ptr<const DeleteSet> DeleteSet::up_to(std::shared_ptr<const DeleteSet> whole,
                                                  const Version& version) {
  if (whole->version_last() <= version) return whole;
  std::vector<TableDelete> deletes = whole->all();
  std::erase_if(deletes, [&](const TableDelete& known) { return known.version > version; });
  return std::make_shared<const DeleteSet>(std::move(deletes));
}

Version DeleteSet::version_before(const Version& version) const {
  const auto at = std::ranges::lower_bound(deletes_, version, {}, &TableDelete::version);
  return at == deletes_.begin() ? Version{} : std::prev(at)->version;
}

void DeleteSet::collect_field_columns(const TimeRange& range,
                                      std::vector<ScanColumn>& columns) const {
  for (const Group& group : groups_) {
    if (!group.on_fields) continue;
    const auto overlaps = [&](const Entry& entry) { return entry.range.overlaps(range); };
    if (!std::ranges::any_of(group.entries, overlaps)) continue;
    collect_scan_columns(group.predicate, columns);
  }
}

std::vector<Version> DeleteSet::field_versions(const TimeRange& range) const {
  std::vector<Version> versions;
  for (const Group& group : groups_) {
    if (!group.on_fields) continue;
    for (const Entry& entry : group.entries) {
      if (entry.range.overlaps(range)) versions.push_back(entry.version);
    }
  }
  std::ranges::sort(versions);
  return versions;
}

std::vector<Version> DeleteSet::covered_by(const TableDelete& later) const {
  std::vector<Version> covered;
  if (!later.predicate.is_on_tags_only()) return covered;
  for (const Group& group : groups_) {
    if (group.predicate != later.predicate && !later.predicate.is_always_true()) continue;
    for (const Entry& entry : group.entries) {
      if (later.range.contains(entry.range)) covered.push_back(entry.version);
    }
  }
  return covered;
}

Result<void> check_field_patterns(const Predicate& predicate) {
  if (predicate.kind() == Predicate::Kind::kMatchField) {
    static_cast<void>(TRY(Pattern::compile(predicate.text())));
  }
  for (const Predicate& part : predicate.parts()) TRY_VOID(check_field_patterns(part));
  return {};
}

void collect_scan_columns(const Predicate& predicate, std::vector<ScanColumn>& columns) {
  if (predicate.kind() == Predicate::Kind::kCompareField ||
      predicate.kind() == Predicate::Kind::kMatchField) {
    if (std::ranges::find(columns, predicate.column(), &ScanColumn::id) == columns.end()) {
      columns.push_back({.id = predicate.column(), .type = predicate.field_type()});
    }
  }
  for (const Predicate& part : predicate.parts()) collect_scan_columns(part, columns);
}

}  // namespace varve::engine
