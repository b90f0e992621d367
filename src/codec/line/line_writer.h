// SPDX-License-Identifier: Apache-2.0
// Points as line protocol: the way back of line_protocol.h, for InfluxDB as well.
//
//   std::string line;
//   if (!append_key(line, "cpu", tags)) …no line can say this key…
//   line += ' ';
//   line += name; line += '='; append_value(line, cells, row);
//
// What was read from line protocol can be written again. What came another way may hold what a line
// cannot: a newline in a tag, a backslash at its end.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "model/column_vector.h"

namespace varve::line_protocol {

using NamedTag = std::pair<std::string_view, std::string_view>;

/// Appends measurement and tags, which are sorted by name. False, and nothing appended, when a
/// reader would see another key in any line.
[[nodiscard]] bool append_key(std::string& out, std::string_view table,
                              std::span<const NamedTag> tags);

/// Appends the name of a field, under the same condition.
[[nodiscard]] bool append_field_name(std::string& out, std::string_view name);

/// Appends the value of a cell so that a reader gets every bit of it. False, and nothing appended,
/// for what no line can say: no value, NaN, an infinity, bytes.
[[nodiscard]] bool append_value(std::string& out, const ColumnView& cells, size_t row);

/// " 1577836800000000000\n"
void append_time(std::string& out, int64_t time_ns);

}  // namespace varve::line_protocol
