// SPDX-License-Identifier: Apache-2.0
// Columns as they come in life, for tests and benchmarks of pages.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "io/random.h"
#include "model/column_vector.h"

namespace varve::engine::page_data {

/// Near enough to a normal number.
inline double normal(SeededRandom& random) {
  double sum = -6;
  for (int part = 0; part < 12; ++part) {
    sum += static_cast<double>(random.next_u64() >> 11) * 0x1p-53;
  }
  return sum;
}

inline double uniform(SeededRandom& random) {
  return static_cast<double>(random.next_u64() >> 11) * 0x1p-53;
}

/// A walk between 0 and 100 whose steps are normal; whole numbers are kept of it.
inline std::vector<double> whole_walk(SeededRandom& random, size_t count) {
  std::vector<double> values(count);
  double value = 100 * uniform(random);
  for (double& one : values) {
    value = std::clamp(value + normal(random), 0.0, 100.0);
    one = std::floor(value);
  }
  return values;
}

/// A gauge that drifts by a twentieth, with two decimals.
inline std::vector<double> two_decimals(SeededRandom& random, size_t count) {
  std::vector<double> values(count);
  double value = 20 + 10 * uniform(random);
  for (double& one : values) {
    value += 0.05 * normal(random);
    one = std::round(value * 100) / 100;
  }
  return values;
}

inline std::vector<double> full_precision(SeededRandom& random, size_t count) {
  std::vector<double> values(count);
  double value = 100;
  for (double& one : values) {
    value += normal(random);
    one = value;
  }
  return values;
}

/// Grows by around a thousand a step.
inline std::vector<double> counter(SeededRandom& random, size_t count) {
  std::vector<double> values(count);
  double value = std::floor(1e9 * uniform(random));
  for (double& one : values) {
    value += std::max(0.0, std::floor(1000 + 30 * normal(random)));
    one = value;
  }
  return values;
}

/// Some of 24 ratios, at random.
inline std::vector<double> repeated(SeededRandom& random, size_t count) {
  std::vector<double> values(count);
  for (double& one : values) one = static_cast<double>(1 + random.next_u64() % 24) / 7;
  return values;
}

inline std::vector<double> mostly_constant(SeededRandom& random, size_t count) {
  std::vector<double> values(count);
  double value = 1;
  for (double& one : values) {
    if (random.next_u64() % 200 == 0) value = static_cast<double>(random.next_u64() % 10);
    one = value;
  }
  return values;
}

inline std::vector<int64_t> times(SeededRandom& random, size_t count, int64_t jitter_ns,
                                  int64_t unit_ns) {
  std::vector<int64_t> values(count);
  for (size_t row = 0; row < count; ++row) {
    const auto jitter = static_cast<int64_t>((uniform(random) * 2 - 1) *
                                             static_cast<double>(jitter_ns / unit_ns));
    values[row] = 1'451'606'400'000'000'000 + static_cast<int64_t>(row) * 10'000'000'000 +
                  jitter * unit_ns;
  }
  return values;
}

inline ColumnVector column_of(const std::vector<double>& values) {
  ColumnVector cells(ValueType::kFloat64);
  for (const double value : values) cells.append_f64(value);
  return cells;
}

inline ColumnVector integers_of(const std::vector<double>& values) {
  ColumnVector cells(ValueType::kInt64);
  for (const double value : values) cells.append_i64(static_cast<int64_t>(value));
  return cells;
}

inline ColumnVector times_of(const std::vector<int64_t>& values) {
  ColumnVector cells(ValueType::kTimestamp);
  for (const int64_t value : values) cells.append_i64(value);
  return cells;
}

}  // namespace varve::engine::page_data
