// SPDX-License-Identifier: Apache-2.0
// Which names databases and policies may have. Tables and columns take any bytes.
#pragma once

#include <string_view>

namespace varve {

/// False for "", ".", "..", names with / or \, and names with characters that do not print.
/// Source: InfluxDB 1.8, meta.ValidName.
bool is_valid_name(std::string_view name);

/// True when the bytes are UTF-8: no overlong forms, no surrogates.
bool is_utf8(std::string_view bytes);

}  // namespace varve
