// SPDX-License-Identifier: Apache-2.0
// What a body says, as text: read by the source, and read by the grammar alone, which is the
// yardstick for the quick path. For tests.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/line/field_buffer.h"
#include "codec/line/grammar.h"
#include "codec/line/key.h"
#include "codec/line/line_errors.h"
#include "codec/line_protocol.h"

namespace varve::line_protocol {

/// Points as text, one a line, then the errors.
struct ParsedBody {
  std::string points;
  std::string errors;

  friend bool operator==(const ParsedBody&, const ParsedBody&) = default;
};

inline std::string to_text(const PointField& field) {
  const std::string name = "[" + std::string(field.name) + "]";
  switch (field.type) {
    case ValueType::kInt64:
      return name + "=" + std::to_string(field.i64) + "i";
    case ValueType::kUint64:
      return name + "=" + std::to_string(field.u64) + "u";
    case ValueType::kBool:
      return name + (field.boolean ? "=true" : "=false");
    case ValueType::kString:
      return name + "=\"" + std::string(field.text) + "\"";
    default: {
      char digits[64];
      std::snprintf(digits, sizeof digits, "%.17g", field.f64);
      return name + "=" + digits;
    }
  }
}

inline std::string to_text(const PointKey& key, const Point& point,
                           const std::vector<PointField>& fields) {
  std::string text = "[" + std::string(key.table) + "]";
  for (const auto& [name, value] : key.tags) {
    text += " [" + std::string(name) + "]:[" + std::string(value) + "]";
  }
  for (uint32_t i = point.fields_begin; i < point.fields_end; ++i) text += " " + to_text(fields[i]);
  return text + " @" + std::to_string(point.time_ns) + "\n";
}

/// Names and types of the fields, in order.
inline std::string shape_text(const Point& point, const std::vector<PointField>& fields) {
  std::string text;
  for (uint32_t i = point.fields_begin; i < point.fields_end; ++i) {
    text += std::to_string(fields[i].name.size()) + ":" + std::string(fields[i].name) + " ";
    text += std::to_string(static_cast<int>(fields[i].type)) + " ";
  }
  return text;
}

/// Reads the body through the source, as ingest does.
inline ParsedBody parse_by_source(std::string_view body, const LineProtocolOptions& options) {
  const auto source = make_line_protocol_source(std::string(body), options);
  ParsedBody parsed;
  PointChunk chunk;
  std::map<uint32_t, std::string> shapes;
  while (source->next(chunk)) {
    for (const auto& point : chunk.points) {
      if (point.shape != 0) {
        const std::string shape = shape_text(point, chunk.fields);
        if (shapes.try_emplace(point.shape, shape).first->second != shape) {
          parsed.errors += "two shapes have the number " + std::to_string(point.shape) + "\n";
        }
      }
      const auto key = source->parse_key(point.raw_key);
      if (key) {
        parsed.points += to_text(*key, point, chunk.fields);
      } else {
        source->reject(point, key.error());
      }
    }
  }
  parsed.errors += source->errors();
  return parsed;
}

/// Reads the body line by line with the grammar.
inline ParsedBody parse_by_grammar(std::string_view body, const LineProtocolOptions& options) {
  const int64_t unit = unit_ns(options.precision);
  const LineRules rules{.unit_ns = unit,
                        .default_ns = options.now_ns / unit * unit,
                        .fields_max = options.line_fields_max};
  ParsedBody parsed;
  LineErrors errors(options.error_bytes_max);
  TextArena arena;
  uint32_t line_index = 0;
  while (!body.empty()) {
    const size_t end = line_end(body);
    auto line = skip_blanks(body.substr(0, end));
    body.remove_prefix(std::min(body.size(), end + 1));
    if (line.empty() || line[0] == '#') continue;
    if (line.back() == '\n') line.remove_suffix(1);
    std::vector<PointField> cells;
    FieldBuffer fields;
    fields.attach(cells);
    Point point;
    const auto read = parse_line(line, rules, point, fields, arena);
    if (read) {
      parsed.points += to_text(*parse_key(point.raw_key, arena), point, cells);
    } else {
      errors.add(line_index, line, read.error().message);
    }
    ++line_index;
  }
  parsed.errors = errors.text();
  return parsed;
}

}  // namespace varve::line_protocol
