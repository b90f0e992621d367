// SPDX-License-Identifier: Apache-2.0
#include "codec/line/line_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "codec/line_protocol.h"

namespace varve::line_protocol {
namespace {

// Below it no key can be too long.
constexpr size_t kShortKeyBytes = 32 * 1024;

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

/// Whether the text needs a look by the reader: backslashes, quotes, whatever is no visible byte.
bool is_odd(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return c == '\\' || c == '"' || static_cast<unsigned char>(c) < ' ';
  });
}

/// Whether a reader takes three lines for three points, of which the first two pass: where a line
/// ends, too, depends on quotes and backslashes in it.
template <class IsThis>
bool read_as(const std::string& text, const std::string& number, IsThis is_this) {
  const auto source = make_line_protocol_source(text + "\n" + number + "\nnext v=1 1", {});
  PointChunk chunk;
  return source->next(chunk) && chunk.points.size() == 3 && source->errors().empty() &&
         is_this(*source, chunk, chunk.points[0]) && is_this(*source, chunk, chunk.points[1]);
}

bool key_reads_as(const std::string& key, std::string_view table, std::span<const NamedTag> tags) {
  return read_as(key + " v=\"a\nb\" 1", key + " v=1 1",
                 [&](PointSource& source, const PointChunk&, const Point& point) {
                   const auto read = source.parse_key(point.raw_key);
                   return read && read->table == table && std::ranges::equal(read->tags, tags);
                 });
}

bool name_reads_as(const std::string& text, std::string_view name) {
  return read_as("m " + text + "=\"a\nb\" 1", "m " + text + "=1 1",
                 [&](PointSource&, const PointChunk& chunk, const Point& point) {
                   return point.fields_end - point.fields_begin == 1 &&
                          chunk.fields[point.fields_begin].name == name;
                 });
}

void append_tags(std::string& out, std::span<const NamedTag> tags) {
  for (const auto& [name, text] : tags) {
    out += ',';
    append_escaped(out, name, ",= ");
    out += '=';
    append_escaped(out, text, ",= ");
  }
}

template <class Number>
void append_number(std::string& out, Number number) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  out.append(text, end);
}

}  // namespace

bool append_key(std::string& out, std::string_view table, std::span<const NamedTag> tags) {
  const size_t before = out.size();
  append_escaped(out, table, ", ");
  append_tags(out, tags);
  const auto key = [&] { return out.substr(before); };
  const bool is_plain =
      !is_odd(table) && !table.starts_with('#') && out.size() - before < kShortKeyBytes &&
      std::ranges::none_of(tags, [](const NamedTag& tag) {
        return is_odd(tag.first) || is_odd(tag.second);
      });
  if (is_plain || key_reads_as(key(), table, tags)) return true;
  // Quotes and equals signs of a measurement need no backslash, but may have one: it then separates
  // them from a backslash of the name itself.
  out.resize(before);
  append_escaped(out, table, ",\"= ");
  append_tags(out, tags);
  if (key_reads_as(key(), table, tags)) return true;
  out.resize(before);
  return false;
}

bool append_field_name(std::string& out, std::string_view name) {
  const size_t before = out.size();
  append_escaped(out, name, ",\"= ");
  if (!is_odd(name) && name.size() < kShortKeyBytes) return true;
  const bool same = name_reads_as(out.substr(before), name);
  if (!same) out.resize(before);
  return same;
}

bool append_value(std::string& out, const ColumnView& cells, size_t row) {
  if (!cells.has_value(row)) return false;
  switch (cells.type) {
    case ValueType::kFloat64: {
      const double value = cells.as<double>()[row];
      if (!std::isfinite(value)) return false;
      append_number(out, value);
      return true;
    }
    case ValueType::kInt64:
      append_number(out, cells.as<int64_t>()[row]);
      out += 'i';
      return true;
    case ValueType::kUint64:
      append_number(out, cells.as<uint64_t>()[row]);
      out += 'u';
      return true;
    case ValueType::kBool:
      out += cells.as<uint8_t>()[row] != 0 ? "true" : "false";
      return true;
    case ValueType::kString:
      out += '"';
      append_escaped(out, cells.as<std::string_view>()[row], "\"\\");
      out += '"';
      return true;
    case ValueType::kBytes:
    case ValueType::kTimestamp: return false;
  }
  return false;
}

void append_time(std::string& out, int64_t time_ns) {
  out += ' ';
  append_number(out, time_ns);
  out += '\n';
}

}  // namespace varve::line_protocol
