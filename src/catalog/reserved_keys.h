// SPDX-License-Identifier: Apache-2.0
// Keys that are about the stored form of the catalog, not in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve {

/// Of the database file alone: how many changes it has seen.
inline constexpr std::string_view kGenerationKey = "generation";
/// There while rows may stand in the engine that no entry names, since entries were lost.
inline constexpr std::string_view kRecoveringKey = "recovering";

std::string encode_generation(uint64_t generation);
/// kCorrupt.
Result<uint64_t> decode_generation(std::string_view value);

}  // namespace varve
