// SPDX-License-Identifier: Apache-2.0
// Backslashes in line protocol. A backslash counts only before the bytes named here; any other is
// an ordinary byte. Each function gives a view of `text` when nothing is escaped, else of `arena`.
// Source: InfluxDB 1.x, pkg/escape and models/points.go.
#pragma once

#include <string_view>

#include "codec/text_arena.h"

namespace varve::line_protocol {

/// Comma, quote, space and equals sign: measurements and field names.
std::string_view unescape_name(std::string_view text, TextArena& arena);
/// Comma, space and equals sign: names and values of tags.
std::string_view unescape_tag(std::string_view text, TextArena& arena);
/// Quote and backslash: inside a string field.
std::string_view unescape_string(std::string_view text, TextArena& arena);

}  // namespace varve::line_protocol
