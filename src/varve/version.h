// SPDX-License-Identifier: Apache-2.0
// The version of this program.
#pragma once

#include <string_view>

namespace varve {

inline constexpr std::string_view kVersion = VARVE_VERSION;

}  // namespace varve
