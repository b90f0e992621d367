// SPDX-License-Identifier: Apache-2.0
// Series sorted into groups by the values of some tags.
//
//   series by hash   a3 f1 07 c2 …      groups by key   (cpu, a) (cpu, b) …
//   group of each     1  0  1  2 …      series of each   [1]     [0, 2]  …    places, rising
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/ids.h"
#include "query/influxql/execute/interrupt.h"
#include "query/influxql/execute/points.h"
#include "store/store.h"

namespace varve::influxql {

class SeriesGroups {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  SeriesGroups() = default;
  /// The dimensions are `tags`, of which some may be no tag of the table; `name` is the first part
  /// of every key. `memory` holds what they take, and more while they are made.
  static Result<SeriesGroups> make(const std::string& name, const SeriesList& list,
                                   std::span<const std::optional<ColumnId>> tags,
                                   Interrupt& interrupt, MemoryClaim& memory);

  size_t size() const { return begins_.empty() ? 0 : begins_.size() - 1; }
  /// By rising hash.
  const std::vector<KeyHash>& series() const { return series_; }
  /// The place of a series; looked for first at the hint and behind it.
  std::optional<size_t> find(const KeyHash& hash, size_t hint) const;
  /// Of a series, by its place.
  uint32_t group_of(size_t place) const { return group_of_[place]; }
  /// Places of the series of a group, rising.
  std::span<const uint32_t> places(size_t group) const {
    return std::span(places_).subspan(begins_[group], begins_[group + 1] - begins_[group]);
  }
  /// Sorted, one for each group; until they are taken.
  const std::vector<GroupKey>& keys() const { return keys_; }
  std::vector<GroupKey> take_keys() { return std::move(keys_); }
  /// Forgets all other groups and their series. `groups` rise.
  void keep(std::span<const uint32_t> groups);
  size_t size_bytes() const;

 private:
  void list_places(size_t group_count);

  std::vector<KeyHash> series_;
  std::vector<uint32_t> group_of_;
  std::vector<GroupKey> keys_;
  std::vector<uint32_t> begins_;  // By group, and the end: into places_.
  std::vector<uint32_t> places_;
};

}  // namespace varve::influxql
