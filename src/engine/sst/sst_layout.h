// SPDX-License-Identifier: Apache-2.0
// How the rows of an SST lie inside its Parquet file. The names stand in footers and in the
// configuration; bytes: docs/formats/sst.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace varve::engine {

enum class SstLayout : uint8_t {
  kColumnar,  ///< One Parquet row for each row.
  kHybrid,    ///< One Parquet row for the rows of a series in a row group; columns are lists.
  kPacked,    ///< One Parquet row for each page of a series; cells are bytes of our own.
};

constexpr std::string_view to_string(SstLayout layout) {
  switch (layout) {
    case SstLayout::kColumnar: return "columnar";
    case SstLayout::kHybrid: return "hybrid";
    case SstLayout::kPacked: return "packed";
  }
  return "";
}

/// Nothing for a name that is none.
constexpr std::optional<SstLayout> parse_sst_layout(std::string_view name) {
  for (const auto layout : {SstLayout::kColumnar, SstLayout::kHybrid, SstLayout::kPacked}) {
    if (name == to_string(layout)) return layout;
  }
  return std::nullopt;
}

}  // namespace varve::engine
