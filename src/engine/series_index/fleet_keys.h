// SPDX-License-Identifier: Apache-2.0
// Series keys as a fleet of monitored machines has them, for tests and benchmarks: ten tags, the
// first one unique, the others with 2 to 100 values.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "model/series_key.h"

namespace varve::engine::testing {

constexpr ColumnId kHostname{1};
constexpr ColumnId kRegion{2};
constexpr ColumnId kRack{4};

inline std::string fleet_key(size_t host) {
  constexpr std::array<size_t, 9> kValues = {9, 27, 100, 3, 2, 4, 20, 2, 3};
  constexpr std::array<const char*, 9> kTexts = {
      "eu-west-", "eu-west-1-", "", "Ubuntu16.04LTS-", "x6", "TEAM-", "", "version", "env-"};
  std::array<std::string, 10> texts = {"host_" + std::to_string(host)};
  size_t random = host * 0x9e37'79b9'7f4a'7c15u;
  for (size_t i = 0; i < kValues.size(); ++i) {
    texts[i + 1] = kTexts[i] + std::to_string((random >> 20) % kValues[i]);
    random = random * 6'364'136'223'846'793'005u + 1;
  }
  std::vector<KeyCell> cells;
  for (uint32_t i = 0; i < texts.size(); ++i) {
    cells.push_back({.column = ColumnId{i + 1}, .text = texts[i]});
  }
  return encode_series_key(cells);
}

}  // namespace varve::engine::testing
