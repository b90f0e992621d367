// SPDX-License-Identifier: Apache-2.0
#include "varve/year_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace varve {
namespace {

// SplitMix64's last step.
uint64_t scramble(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

std::string host_of(uint32_t series) { return "host" + std::to_string(series); }

}  // namespace

YearModel::YearModel(uint32_t slot_count)
    : slot_count_(slot_count), cells_(size_t{kSeriesCount} * slot_count) {
  for (uint32_t series = 0; series < kSeriesCount; ++series) {
    keys_.push_back(encode_series_key({{.column = kHost, .text = host_of(series)}}));
  }
  by_hash_.resize(kSeriesCount);
  std::iota(by_hash_.begin(), by_hash_.end(), 0);
  std::sort(by_hash_.begin(), by_hash_.end(), [&](uint32_t a, uint32_t b) {
    return series_key_hash(keys_[a]) < series_key_hash(keys_[b]);
  });
}

double YearModel::write(uint32_t series, uint32_t slot) {
  uint8_t& cell = cells_[size_t{series} * slot_count_ + slot];
  const uint8_t writes = cell % kPresent + 1;
  CHECK(writes < kPresent);
  cell = kPresent + writes;
  return value(series, slot);
}

double YearModel::value(uint32_t series, uint32_t slot) const {
  const uint64_t writes = cell(series, slot) % kPresent;
  // Gauges with two decimals; writes of one point differ by more than a hundred.
  const uint64_t noise = scramble(uint64_t{series} << 32 | slot) % 10'000;
  return static_cast<double>(writes * 20'000 + noise) / 100.0;
}

std::pair<uint32_t, uint32_t> YearModel::slots_of(TimeRange range) const {
  const auto first_at_or_after = [&](int64_t ns) {
    const int64_t steps = ns <= kBeginNs ? 0 : (ns - kBeginNs + kStepNs - 1) / kStepNs;
    return static_cast<uint32_t>(std::min<int64_t>(steps, slot_count_));
  };
  return {first_at_or_after(range.begin_ns), first_at_or_after(range.end_ns)};
}

void YearModel::remove(const YearSelection& selection) {
  const auto [begin, end] = slots_of(selection.range);
  for (const uint32_t series : selection.series) {
    for (uint32_t slot = begin; slot < end; ++slot) {
      if (holds(selection, series, slot)) cells_[size_t{series} * slot_count_ + slot] -= kPresent;
    }
  }
}

uint64_t YearModel::row_count() const {
  return static_cast<uint64_t>(std::count_if(cells_.begin(), cells_.end(),
                                             [](uint8_t cell) { return cell >= kPresent; }));
}

RandomOrder::RandomOrder(uint64_t count, uint64_t seed) : count_(count) {
  while (uint64_t{1} << (2 * half_bits_) < count) ++half_bits_;
  for (size_t i = 0; i < keys_.size(); ++i) keys_[i] = scramble(seed * 4 + i + 1);
}

// A Feistel network permutes the numbers of 2 × half_bits_ bits, whatever its round function does.
uint64_t RandomOrder::mix(uint64_t number) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = number >> half_bits_;
  uint64_t right = number & mask;
  for (const uint64_t key : keys_) {
    left = std::exchange(right, left ^ (scramble(right ^ key) & mask));
  }
  return left << half_bits_ | right;
}

uint64_t RandomOrder::at(uint64_t place) const {
  // Numbers beyond the count lead on along their cycle, which comes back to one below it.
  do {
    place = mix(place);
  } while (place >= count_);
  return place;
}

namespace {

TEST(RandomOrder, GivesEachNumberOnce) {
  for (const uint64_t count : {1, 2, 5, 1000, 4096, 4097}) {
    const RandomOrder order(count, 7);
    std::vector<uint64_t> numbers;
    for (uint64_t place = 0; place < count; ++place) numbers.push_back(order.at(place));
    EXPECT_EQ(std::is_sorted(numbers.begin(), numbers.end()), count < 3) << count;
    std::sort(numbers.begin(), numbers.end());
    for (uint64_t i = 0; i < count; ++i) ASSERT_EQ(numbers[i], i);
  }
}

TEST(YearModel, CountsWritesAndForgetsWhatIsRemoved) {
  YearModel model(100);
  const double first = model.write(3, 10);
  const double second = model.write(3, 10);
  EXPECT_GT(second, first + 100);
  EXPECT_EQ(model.value(3, 10), second);
  model.write(4, 10);
  model.write(3, 11);
  EXPECT_EQ(model.row_count(), 3u);
  const TimeRange one = {YearModel::time_ns(10) - 1, YearModel::time_ns(10) + 1};
  EXPECT_EQ(model.slots_of(one), std::pair(10u, 11u));
  model.remove({.range = one, .series = {3, 4}, .value_min = second, .predicate = {}});
  EXPECT_FALSE(model.has(3, 10));
  EXPECT_TRUE(model.has(4, 10)) << "its value is below";
  EXPECT_GT(model.write(3, 10), second) << "a value is never used again";
}

}  // namespace
}  // namespace varve
