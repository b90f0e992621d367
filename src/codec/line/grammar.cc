// SPDX-License-Identifier: Apache-2.0
#include "codec/line/grammar.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "codec/line/escape.h"
#include "codec/line/key.h"
#include "codec/line/number.h"

namespace varve::line_protocol {
namespace {

// The two lowest and the highest int64 have other uses in InfluxDB's store.
constexpr int64_t kTimeMin = std::numeric_limits<int64_t>::min() + 2;
constexpr int64_t kTimeMax = std::numeric_limits<int64_t>::max() - 1;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

bool starts_number(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == 'N' || c == 'n';
}

std::optional<bool> read_bool(std::string_view text) {
  if (text == "t" || text == "T" || text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "f" || text == "F" || text == "false" || text == "False" || text == "FALSE") {
    return false;
  }
  return std::nullopt;
}

/// The text of a number or boolean: up to a comma or space.
std::string_view bare_value(std::string_view text) {
  return text.substr(0, text.find_first_of(", "));
}

/// Parses a bare value; the first byte decides what it must be.
Result<void> parse_bare_value(std::string_view text, PointField& field) {
  if (starts_number(text[0])) return parse_number(text, field);
  const auto value = read_bool(text);
  if (!value) return invalid("invalid boolean");
  field.type = ValueType::kBool;
  field.boolean = *value;
  return {};
}

/// The checks at an equals sign of the fields section.
Result<void> check_around_equals(std::string_view line, size_t at) {
  const char before = line[at - 1];
  if ((before == ' ' || before == ',') && line[at - 2] != '\\') return invalid("missing field key");
  if (at + 1 >= line.size() || line[at + 1] == ',' || line[at + 1] == ' ') {
    return invalid("missing field value");
  }
  return {};
}

/// The end of the fields section that starts at `begin`.
Result<size_t> check_fields(std::string_view line, size_t begin) {
  size_t at = begin;
  bool quoted = false;
  size_t equals = 0;
  size_t commas = 0;
  while (at < line.size()) {
    const char c = line[at];
    if (c == '\\' && at + 1 < line.size()) {
      at += 2;
    } else if (c == '"' && equals > commas) {
      quoted = !quoted;
      ++at;
    } else if (c == '=' && !quoted) {
      ++equals;
      TRY_VOID(check_around_equals(line, at));
      ++at;
      if (line[at] == '"') continue;
      const auto value = bare_value(line.substr(at));
      PointField field;
      TRY_VOID(parse_bare_value(value, field));
      at += value.size();
    } else {
      if (!quoted && c == ' ') break;
      if (!quoted && c == ',') ++commas;
      ++at;
    }
  }
  if (quoted) return invalid("unbalanced quotes");
  if (equals == 0 || commas != equals - 1) return invalid("invalid field format");
  return at;
}

/// The end of a field's name: an equals sign without a backslash before it.
size_t field_name_end(std::string_view fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i] == '=' && (i == 0 || fields[i - 1] != '\\')) return i;
  }
  return fields.size();
}

/// The end of a field's value: a comma outside of quotes.
size_t field_value_end(std::string_view fields) {
  bool quoted = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    const char c = fields[i];
    if (c == '\\' && i + 1 < fields.size() && (fields[i + 1] == '"' || fields[i + 1] == '\\')) {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      return i;
    }
  }
  return fields.size();
}

/// Sets the value of a field from its whole text.
Result<void> parse_value(std::string_view text, PointField& field, TextArena& arena) {
  if (text.empty()) return invalid("missing field value");
  if (text[0] != '"') return parse_bare_value(text, field);
  field.type = ValueType::kString;
  field.u64 = 0;
  // InfluxDB cuts the first and the last byte off, whatever the last one is: "abc"def is abc"de.
  field.text = unescape_string(text.substr(1, text.size() < 2 ? 0 : text.size() - 2), arena);
  return {};
}

/// InfluxDB looks at all names before it looks at any value again.
Result<void> check_field_names(std::string_view section, size_t key_bytes, uint32_t fields_max) {
  uint32_t count = 0;
  for (auto rest = section; !rest.empty(); ++count) {
    if (count == fields_max) {
      return invalid("too many fields: more than " + std::to_string(fields_max));
    }
    const size_t name_end = field_name_end(rest);
    const auto name = rest.substr(0, name_end);
    if (name_end + 2 > rest.size()) return invalid("invalid value: field-key=" + std::string(name));
    const size_t size = key_bytes + kFieldSeparatorBytes + name.size();
    if (size > kKeyBytesMax) {
      return invalid("max key length exceeded: " + std::to_string(size) + " > " +
                     std::to_string(kKeyBytesMax));
    }
    rest.remove_prefix(name_end + 1);
    rest.remove_prefix(std::min(rest.size(), field_value_end(rest) + 1));
  }
  return {};
}

Result<void> append_fields(std::string_view section, FieldBuffer& fields, TextArena& arena) {
  for (auto rest = section; !rest.empty();) {
    const size_t name_end = field_name_end(rest);
    if (name_end == 0) return invalid("missing field key");
    auto& field = fields.append();
    field.name = unescape_name(rest.substr(0, name_end), arena);
    field.text = {};
    rest.remove_prefix(name_end + 1);
    const size_t value_end = field_value_end(rest);
    TRY_VOID(parse_value(rest.substr(0, value_end), field, arena));
    rest.remove_prefix(std::min(rest.size(), value_end + 1));
  }
  return {};
}

/// The text of the time at the front of `rest`, which starts behind the blanks.
Result<std::string_view> check_stamp(std::string_view rest) {
  size_t end = 0;
  for (; end < rest.size() && rest[end] != ' ' && rest[end] != '\n'; ++end) {
    if (end == 0 && rest[0] == '-') continue;
    if (rest[end] < '0' || rest[end] > '9') return invalid("bad timestamp");
  }
  return rest.substr(0, end);
}

Result<int64_t> parse_time(std::string_view stamp, std::string_view behind,
                           const LineRules& rules) {
  if (stamp.empty()) return rules.default_ns;
  int64_t time_ns;
  if (!scale_time(TRY(parse_int64(stamp)), rules.unit_ns, time_ns)) {
    return invalid("time outside range " + std::to_string(kTimeMin) + " - " +
                   std::to_string(kTimeMax));
  }
  if (behind.find_first_not_of(' ') != std::string_view::npos) return invalid("point is invalid");
  return time_ns;
}

}  // namespace

std::string_view skip_blanks(std::string_view text) {
  constexpr std::string_view kBlanks(" \t\0", 3);
  return text.substr(std::min(text.size(), text.find_first_not_of(kBlanks)));
}

size_t line_end(std::string_view body) {
  bool in_fields = false;
  bool quoted = false;
  size_t equals = 0;
  size_t commas = 0;
  size_t at = 0;
  for (; at < body.size(); ++at) {
    const char c = body[at];
    if (c == '\\' && at + 2 < body.size()) {
      ++at;
      continue;
    }
    if (c == ' ') in_fields = true;
    if (in_fields) {
      if (!quoted && c == '=') ++equals;
      if (!quoted && c == ',') ++commas;
      if (c == '"' && equals > commas) quoted = !quoted;
    }
    if (c == '\n' && !quoted) break;
  }
  return at;
}

Result<void> parse_line(std::string_view line, const LineRules& rules, Point& point,
                        FieldBuffer& fields, TextArena& arena) {
  const size_t key_bytes = TRY(check_key(line, arena));
  const size_t fields_begin = line.size() - skip_blanks(line.substr(key_bytes)).size();
  const size_t fields_end = TRY(check_fields(line, fields_begin));
  const auto section = line.substr(fields_begin, fields_end - fields_begin);
  TRY_VOID(check_field_names(section, key_bytes, rules.fields_max));
  point.raw_key = line.substr(0, key_bytes);
  point.fields_begin = fields.count();
  TRY_VOID(append_fields(section, fields, arena));
  point.fields_end = fields.count();
  const auto rest = skip_blanks(line.substr(fields_end));
  const auto stamp = TRY(check_stamp(rest));
  point.time_ns = TRY(parse_time(stamp, rest.substr(stamp.size()), rules));
  return {};
}

bool scale_time(int64_t stamp, int64_t unit_ns, int64_t& time_ns) {
  return !__builtin_mul_overflow(stamp, unit_ns, &time_ns) && time_ns >= kTimeMin &&
         time_ns <= kTimeMax;
}

}  // namespace varve::line_protocol
