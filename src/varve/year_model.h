// SPDX-License-Identifier: Apache-2.0
// For tests: a year of points in memory, one every ten seconds for each of fifty series, small
// enough (a byte a point) to stand beside the store that holds the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/predicate.h"
#include "model/series_key.h"
#include "model/time_range.h"

namespace varve {

/// What a scan or a delete of the year covers, in the words of the model and of the store alike.
struct YearSelection {
  TimeRange range;
  std::vector<uint32_t> series;           ///< Rising.
  std::optional<double> value_min;        ///< The value is at least this.
  Predicate predicate;                    ///< The same for a store.
};

/// Threads: one owner.
class YearModel {
 public:
  static constexpr uint32_t kSeriesCount = 50;
  static constexpr ColumnId kHost{1};
  static constexpr ColumnId kValue{2};
  static constexpr int64_t kStepNs = 10'000'000'000;
  /// 2019-12-30T00:00:00Z, a Monday: where a week begins.
  static constexpr int64_t kBeginNs = 1'577'664'000'000'000'000;
  static constexpr uint32_t kSlotsOfAYear = 365 * 24 * 360;

  explicit YearModel(uint32_t slot_count);

  uint32_t slot_count() const { return slot_count_; }
  int64_t end_ns() const { return time_ns(slot_count_); }
  static int64_t time_ns(uint32_t slot) { return kBeginNs + int64_t{slot} * kStepNs; }

  /// Writes the point anew and gives its value, which no earlier write of it had.
  double write(uint32_t series, uint32_t slot);
  /// Removes what is selected.
  void remove(const YearSelection& selection);

  bool has(uint32_t series, uint32_t slot) const { return cell(series, slot) >= kPresent; }
  double value(uint32_t series, uint32_t slot) const;
  bool holds(const YearSelection& selection, uint32_t series, uint32_t slot) const {
    return has(series, slot) &&
           (!selection.value_min || value(series, slot) >= *selection.value_min);
  }
  /// The slots whose times the range holds: [first, second).
  std::pair<uint32_t, uint32_t> slots_of(TimeRange range) const;
  uint64_t row_count() const;

  const std::string& key(uint32_t series) const { return keys_[series]; }
  /// In order of the hash of their keys.
  const std::vector<uint32_t>& series_by_hash() const { return by_hash_; }

 private:
  // A cell counts its writes; the high bit says that the last one still stands.
  static constexpr uint8_t kPresent = 128;

  uint8_t cell(uint32_t series, uint32_t slot) const {
    return cells_[size_t{series} * slot_count_ + slot];
  }

  uint32_t slot_count_;
  std::vector<uint8_t> cells_;
  std::vector<std::string> keys_;
  std::vector<uint32_t> by_hash_;
};

/// Numbers [0, count) in an order that looks random, without a table of them.
class RandomOrder {
 public:
  RandomOrder(uint64_t count, uint64_t seed);
  /// The number at that place; each place has another.
  uint64_t at(uint64_t place) const;

 private:
  uint64_t mix(uint64_t number) const;

  uint64_t count_;
  uint32_t half_bits_ = 1;
  std::array<uint64_t, 4> keys_;
};

}  // namespace varve
