// SPDX-License-Identifier: Apache-2.0
// The complete grammar of line protocol, a byte at a time: what a line is, in which order it is
// checked, and what each mistake is called. It reads whatever the quick reader (line/plain_line.h)
// does not recognise.
// Source: InfluxDB 1.x, models/points.go: scanLine, scanFields, walkFields, scanTime.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "codec/line/field_buffer.h"
#include "codec/text_arena.h"
#include "model/points.h"

namespace varve::line_protocol {

/// Spaces, tabs and NUL bytes count as blank before a key, fields and a time.
std::string_view skip_blanks(std::string_view text);

/// The end of the first line of `body`: a newline outside of a string and not behind a backslash,
/// or the end of the body.
size_t line_end(std::string_view body);

struct LineRules {
  int64_t unit_ns = 1;     ///< Of times.
  int64_t default_ns = 0;  ///< The time of a line without one.
  uint32_t fields_max = 1'000'000;
};

/// Parses a line that has no blanks in front and is not empty: sets raw_key, fields_begin,
/// fields_end and time_ns of the point and appends its fields. Unescaped text lives in the arena.
/// The error is InfluxDB's text behind "unable to parse '…': ".
Result<void> parse_line(std::string_view line, const LineRules& rules, Point& point,
                        FieldBuffer& fields, TextArena& arena);

/// Scales a time; false when it is outside of what InfluxDB stores.
bool scale_time(int64_t stamp, int64_t unit_ns, int64_t& time_ns);

}  // namespace varve::line_protocol
