// SPDX-License-Identifier: Apache-2.0
#include "base/log_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace varve::log {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD in UTF-8.
constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kTrace: return "trace";
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarn: return "warn";
    case Level::kError: return "error";
    case Level::kOff: return "off";
  }
  return "off";
}

void append_time(std::string& out, int64_t unix_ms) {
  int64_t seconds = unix_ms / 1000;
  int64_t ms = unix_ms % 1000;
  if (ms < 0) {
    ms += 1000;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 96> text;
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                                 utc.tm_min, utc.tm_sec, static_cast<int>(ms));
  out.append(text.data(), static_cast<size_t>(size));
}

// Size of the well-formed UTF-8 sequence that `text` starts with, or 0 when it starts with none.
// Source: The Unicode Standard, table 3-7 (no overlong forms, no surrogates, at most U+10FFFF).
size_t utf8_sequence_bytes(std::string_view text) {
  const auto byte = [&](size_t index) {
    return index < text.size() ? static_cast<uint8_t>(text[index]) : uint8_t{0};
  };
  const auto continues = [&](size_t index) { return (byte(index) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  const uint8_t second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (first == 0xf0 && second < 0x90) return 0;
    if (first == 0xf4 && second > 0x8f) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// The escapes of JSON; the text form borrows them, so that one rule covers both.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t size = utf8_sequence_bytes(text);
    const char first = text.front();
    const auto code = static_cast<uint8_t>(first);
    if (size == 0) {
      out += kReplacement;
    } else if (size > 1) {
      out += text.substr(0, size);
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += first;
    } else if (first == '\n') {
      out += "\\n";
    } else if (first == '\r') {
      out += "\\r";
    } else if (first == '\t') {
      out += "\\t";
    } else if (code < 0x20 || code == 0x7f) {
      out += "\\u00";
      out += kHexDigits[code >> 4];
      out += kHexDigits[code & 0xf];
    } else {
      out += first;
    }
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  out += '"';
}

bool is_plain(std::string_view text) {
  while (!text.empty()) {
    const size_t size = utf8_sequence_bytes(text);
    const auto code = static_cast<uint8_t>(text.front());
    if (size == 0 || code <= 0x20 || code == 0x7f || code == '"') return false;
    text.remove_prefix(size);
  }
  return true;
}

void append_text(std::string& out, std::string_view text) {
  if (is_plain(text)) {
    out += text;
  } else {
    append_quoted(out, text);
  }
}

void append_number(std::string& out, auto number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_value(std::string& out, const Fact::Value& value, Format format) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (format == Format::kJson) {
      append_quoted(out, *text);
    } else {
      append_text(out, *text);
    }
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* real = std::get_if<double>(&value)) {
    // JSON has no word for what is not finite.
    const bool quotes = format == Format::kJson && !std::isfinite(*real);
    if (quotes) out += '"';
    append_number(out, *real);
    if (quotes) out += '"';
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    append_number(out, *number);
  } else {
    append_number(out, std::get<uint64_t>(value));
  }
}

bool is_reserved(std::string_view name) {
  return name == "ts" || name == "level" || name == "target" || name == "message";
}

std::string json_line(Level level, std::string_view event, std::initializer_list<Fact> facts,
                      int64_t unix_ms) {
  std::string out = "{\"ts\":\"";
  append_time(out, unix_ms);
  out += "\",\"level\":\"";
  out += name_of(level);
  out += "\",\"target\":";
  append_quoted(out, event.substr(0, event.find('.')));
  out += ",\"message\":";
  append_quoted(out, event);
  for (const Fact& fact : facts) {
    out += ',';
    std::string name(fact.name);
    if (is_reserved(fact.name)) name += '_';
    append_quoted(out, name);
    out += ':';
    append_value(out, fact.value, Format::kJson);
  }
  out += '}';
  return out;
}

std::string text_line(Level level, std::string_view event, std::initializer_list<Fact> facts,
                      int64_t unix_ms) {
  constexpr size_t kLevelColumns = 5;
  const std::string_view level_name = name_of(level);
  std::string out;
  append_time(out, unix_ms);
  out += ' ';
  out += level_name;
  out.append(kLevelColumns - std::min(kLevelColumns, level_name.size()) + 1, ' ');
  append_text(out, event);
  for (const Fact& fact : facts) {
    out += ' ';
    append_text(out, fact.name);
    out += '=';
    append_value(out, fact.value, Format::kText);
  }
  return out;
}

}  // namespace

std::string format_line(Format format, Level level, std::string_view event,
                        std::initializer_list<Fact> facts, int64_t unix_ms) {
  return format == Format::kJson ? json_line(level, event, facts, unix_ms)
                                 : text_line(level, event, facts, unix_ms);
}

}  // namespace varve::log
