// SPDX-License-Identifier: Apache-2.0
#include "engine/page/encode_loops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "io/random.h"

namespace varve::engine::page {
namespace {

TEST(EncodeLoops, GiveWhatOneValueAfterTheOtherGives) {
  SeededRandom random(3);
  for (size_t count = 1; count < 200; ++count) {
    const unsigned bits = 1 + static_cast<unsigned>(random.next_u64() % 64);
    std::vector<int64_t> values(count);
    for (int64_t& value : values) value = static_cast<int64_t>(random.next_u64() >> (64 - bits));
    const auto low = static_cast<int64_t>(random.next_u64() >> (64 - bits));
    const auto shift = static_cast<unsigned>(random.next_u64() % 57);
    const Extent extent = extent_of(values);
    EXPECT_EQ(extent.least, *std::ranges::min_element(values));
    EXPECT_EQ(extent.most, *std::ranges::max_element(values));
    std::vector<int64_t> steps(count - 1);
    put_steps(values, steps.data());
    std::vector<uint64_t> above(count);
    put_above(values, low, above.data());
    std::vector<uint8_t> symbols(count);
    put_symbols(values, low, shift, symbols.data());
    size_t changes = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t value = static_cast<uint64_t>(values[i]);
      EXPECT_EQ(above[i], value - static_cast<uint64_t>(low));
      EXPECT_EQ(symbols[i], static_cast<uint8_t>((value - static_cast<uint64_t>(low)) >> shift));
      sum += value;
      if (i == 0) continue;
      EXPECT_EQ(static_cast<uint64_t>(steps[i - 1]),
                value - static_cast<uint64_t>(values[i - 1]));
      changes += values[i] != values[i - 1] ? 1 : 0;
    }
    EXPECT_EQ(steps_of(values).changes, changes);
    EXPECT_EQ(sum_of(values), sum);
    EXPECT_EQ(steps_of(values).are_equal,
              std::ranges::all_of(steps, [&](int64_t step) { return step == steps.front(); }));
  }
}

}  // namespace
}  // namespace varve::engine::page
