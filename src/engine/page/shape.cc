// SPDX-License-Identifier: Apache-2.0
#include "engine/page/shape.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "engine/page/encode_loops.h"

namespace varve::engine::page {
namespace {

constexpr size_t kSampleBlockValues = 32;
constexpr size_t kSampleBlocks = 8;

/// Values at the places that were chosen, after some transform.
struct Sample {
  std::array<int64_t, kSampleBlocks * kSampleBlockValues> values;
  size_t size = 0;
  void add(int64_t value) { values[size++] = value; }
};

/// Bits that a sample needs around its middle, more or less.
double spread_bits(const Sample& sample) {
  constexpr size_t kMiddleOf = 31;
  std::array<int64_t, kMiddleOf> some;
  for (size_t one = 0; one < kMiddleOf; ++one) {
    some[one] = sample.values[one * sample.size / kMiddleOf];
  }
  std::nth_element(some.begin(), some.begin() + kMiddleOf / 2, some.end());
  const int64_t middle = some[kMiddleOf / 2];
  size_t bits = 0;
  for (const int64_t value : std::span(sample.values).first(sample.size)) {
    bits += static_cast<size_t>(std::bit_width(zigzag(difference(value, middle))));
  }
  return static_cast<double>(bits) / static_cast<double>(sample.size);
}

int64_t trend_of(std::span<const int64_t> values) {
  const auto steps = static_cast<int64_t>(values.size()) - 1;
  int64_t rise = 0;
  if (__builtin_sub_overflow(values.back(), values.front(), &rise)) return 0;
  const int64_t half = rise < 0 ? -steps / 2 : steps / 2;
  if (__builtin_add_overflow(rise, half, &rise)) return 0;
  return rise / steps;
}

int64_t on_line(int64_t trend, size_t index) {
  return static_cast<int64_t>(static_cast<uint64_t>(trend) * index);
}

struct Choice {
  Transform transform;
  int64_t trend;
};

Choice choose_transform(std::span<const int64_t> values) {
  const size_t count = values.size();
  if (count < 3) return {Transform::kDelta, 0};
  const int64_t trend = trend_of(values);
  Sample raw, line, delta, change;
  const bool is_whole = count <= kSampleBlocks * kSampleBlockValues + 2;
  const size_t blocks = is_whole ? 1 : kSampleBlocks;
  const size_t block_values = is_whole ? count - 2 : kSampleBlockValues;
  for (size_t block = 0; block < blocks; ++block) {
    const size_t begin =
        2 + (blocks == 1 ? 0 : block * (count - 2 - block_values) / (blocks - 1));
    for (size_t index = begin; index < begin + block_values; ++index) {
      const int64_t step = difference(values[index], values[index - 1]);
      raw.add(values[index]);
      line.add(difference(values[index], on_line(trend, index)));
      delta.add(step);
      change.add(difference(step, difference(values[index - 1], values[index - 2])));
    }
  }
  // Simple forms win near ties.
  Choice best{Transform::kLine, 0};
  double best_bits = spread_bits(raw);
  const auto consider = [&](Choice choice, double bits) {
    if (bits >= best_bits) return;
    best = choice;
    best_bits = bits;
  };
  consider({Transform::kDelta, 0}, spread_bits(delta) + 0.05);
  if (trend != 0) consider({Transform::kLine, trend}, spread_bits(line) + 0.1);
  consider({Transform::kDeltaOfDelta, 0}, spread_bits(change) + 0.3);
  return best;
}

/// The largest number that divides all distances from the first value; 1 unless it is worth it.
uint64_t common_step(std::span<const int64_t> values) {
  uint64_t step = 0;
  const auto include = [&](size_t index) {
    int64_t distance = 0;
    if (__builtin_sub_overflow(values[index], values[0], &distance)) {
      step = 1;
      return;
    }
    const uint64_t size = distance < 0 ? 0 - static_cast<uint64_t>(distance)
                                       : static_cast<uint64_t>(distance);
    if (step == 0 || size % step != 0) step = std::gcd(step, size);
  };
  for (size_t index = 1; index < values.size() && step != 1; index += 1 + values.size() / 64) {
    include(index);
  }
  for (size_t index = 1; index < values.size() && step != 1; ++index) include(index);
  return step == 0 ? 1 : step;
}

}  // namespace

Shape shape_of(std::span<const int64_t> values) {
  Shape shape;
  shape.step = common_step(values);
  std::vector<int64_t> scaled;
  std::span<const int64_t> units = values;
  if (shape.step > 1) {
    scaled.resize(values.size());
    const auto step = static_cast<int64_t>(shape.step);
    for (size_t index = 0; index < values.size(); ++index) {
      scaled[index] = difference(values[index], values[0]) / step;
    }
    units = scaled;
  }
  const Choice choice = choose_transform(units);
  shape.transform = choice.transform;
  const size_t count = values.size();
  auto& residuals = shape.residuals;
  residuals.resize(count);
  int64_t first = 0;  // What stands before the first value.
  switch (choice.transform) {
    case Transform::kLine:
      shape.trend = choice.trend;
      for (size_t index = 0; index < count; ++index) {
        residuals[index] = difference(units[index], on_line(choice.trend, index));
      }
      break;
    case Transform::kDelta:
      put_steps(units, residuals.data() + 1);
      // The first step is free: it is made what the second is.
      residuals[0] = residuals[1];
      first = difference(units[0], residuals[0]);
      break;
    case Transform::kDeltaOfDelta: {
      for (size_t index = 2; index < count; ++index) {
        residuals[index] = difference(difference(units[index], units[index - 1]),
                                      difference(units[index - 1], units[index - 2]));
      }
      residuals[0] = residuals[1] = residuals[2];
      const int64_t step_1 = difference(units[1], units[0]);
      const int64_t step_0 = difference(step_1, residuals[1]);
      shape.delta = difference(step_0, residuals[0]);
      first = difference(units[0], step_0);
      break;
    }
  }
  shape.base = shape.step == 1
                   ? static_cast<uint64_t>(first)
                   : static_cast<uint64_t>(values[0]) +
                         shape.step * static_cast<uint64_t>(difference(first, units[0]));
  const Extent extent = extent_of(residuals);
  shape.least = extent.least;
  shape.most = extent.most;
  return shape;
}

}  // namespace varve::engine::page
