// SPDX-License-Identifier: Apache-2.0
// Reads the lines that nearly everybody sends, at memory speed: no escapes in field names, numbers
// in plain notation, one newline at the end. Anything else is left to the grammar.
//
// What makes it quick: the end of the key comes from vector compares; a field's name is compared
// with the name that stood there in an earlier line of the like, so that where its value begins is
// known before the name is read; digits are read eight at a time, and a time that stood on the
// line before is not read at all.
//
// Threads: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/line/field_buffer.h"
#include "codec/line/grammar.h"
#include "codec/text_arena.h"
#include "model/points.h"

namespace varve::line_protocol {

class PlainLineReader {
 public:
  /// `end` is the end of all lines; there is a newline at it and 64 readable bytes behind it. Names
  /// of fields are kept as views of the lines: all of them outlive the reader's use.
  PlainLineReader(const char* end, const LineRules& rules) : end_(end), rules_(rules) {}

  /// Reads the line at `line` and returns its newline, or null when the grammar has to decide; then
  /// fields and point hold nothing of use. Sets all of the point but its index.
  const char* read(const char* line, Point& point, FieldBuffer& fields, TextArena& arena);

 private:
  /// A name that is expected at some place: "usage_user=".
  struct ExpectedName {
    alignas(16) char bytes[32] = {};
    const char* name = nullptr;
    uint32_t size_bytes = 0;  // With the equals sign. Zero: nothing is expected.
    uint32_t mask = 0;        // A bit for each byte.
    ValueType type = ValueType::kFloat64;  // Of the last value.
  };
  /// What the last line of the like had.
  struct Shape {
    std::vector<ExpectedName> names;
    size_t field_count = 0;
    uint32_t serial = 0;  // Changes with any of it; 0: it is to be given.
  };

  Shape& shape_of(const char* line);
  /// Reads a name and its equals sign; null when it is not plain.
  const char* read_name(const char* at, ExpectedName* expected, PointField& field);
  const char* read_value(const char* at, PointField& field, TextArena& arena);
  const char* read_number(const char* at, PointField& field);
  const char* read_string(const char* at, PointField& field, TextArena& arena);
  const char* read_fields(const char* at, Shape& shape, FieldBuffer& fields, TextArena& arena);
  /// Reads what is no plain number of nanoseconds that was there before.
  const char* read_new_time(const char* at, int64_t& time_ns);
  const char* read_time(const char* at, int64_t& time_ns);

  const char* end_;
  LineRules rules_;
  std::array<Shape, 64> shapes_;
  uint32_t serial_last_ = 0;
  /// The last time with its newline: senders give many lines the same one.
  alignas(16) char time_bytes_[32] = {};
  uint32_t time_size_bytes_ = 0;
  uint32_t time_mask_ = 0;
  int64_t time_last_ns_ = 0;
};

}  // namespace varve::line_protocol
