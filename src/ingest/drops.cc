// SPDX-License-Identifier: Apache-2.0
#include "ingest/drops.h"

#include <chrono>
#include <cstdio>

namespace varve {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

// As Go's %q prints it. Source: Go, strconv.Quote; bytes beyond ASCII pass.
std::string quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::string_view kControls = "abtnvfr";  // From 7 on.
  std::string out = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte == '"' || byte == '\\') {
      out.append("\\").append(1, letter);
    } else if (byte >= 7 && byte <= 13) {
      out.append("\\").append(1, kControls[byte - 7]);
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    } else {
      out += letter;
    }
  }
  return out + '"';
}

std::string on_measurement(std::string_view what, std::string_view name, std::string_view table) {
  return std::string(what) + " \"" + std::string(name) + "\" on measurement \"" +
         std::string(table) + "\"";
}

void append_escaped(std::string& out, std::string_view part, std::string_view specials) {
  for (const char letter : part) {
    if (specials.find(letter) != std::string_view::npos) out += '\\';
    out += letter;
  }
}

// As the line protocol writes it: "cpu,host=a".
std::string key_text(const PointKey& key) {
  std::string text;
  append_escaped(text, key.table, ", ");
  for (const auto& [name, value] : key.tags) {
    append_escaped(text.append(1, ','), name, ",= ");
    append_escaped(text.append(1, '='), value, ",= ");
  }
  return text;
}

// "25" nanoseconds of a unit of 1,000: ".025"; nothing for zero.
std::string fraction_text(int64_t part, int64_t unit) {
  if (part == 0) return "";
  std::string digits;
  for (int64_t place = unit / 10; place > 0 && part > 0; place /= 10) {
    digits += static_cast<char>('0' + part / place);
    part %= place;
  }
  return "." + digits;
}

}  // namespace

void Drops::begin(int64_t policy_duration_ns, int64_t oldest_ns) {
  *this = Drops();
  policy_duration_ns_ = policy_duration_ns;
  oldest_ns_ = oldest_ns;
}

void Drops::field_type_conflict(std::string_view table, std::string_view field, ValueType type,
                                ValueType existing) {
  ++point_count_;
  if (!reason_.empty()) return;
  reason_ = "field type conflict: input field " + quoted(field) + " on measurement " +
            quoted(table) + " is type " + std::string(to_string(type)) +
            ", already exists as type " + std::string(to_string(existing));
}

void Drops::tag_named_time(std::string_view table) {
  ++point_count_;
  if (has_tag_reason_) return;
  has_tag_reason_ = true;
  reason_ = "invalid tag key: " + on_measurement("input tag", "time", table) + " is invalid";
}

void Drops::no_valid_field(std::string_view table) {
  ++point_count_;
  if (!reason_.empty()) return;
  reason_ = "invalid field name: " + on_measurement("input field", "time", table) + " is invalid";
}

void Drops::too_many_fields(std::string_view table, size_t field_count, size_t fields_max) {
  ++point_count_;
  if (!reason_.empty()) return;
  reason_ = "too many fields in a point of measurement \"" + std::string(table) +
            "\": " + std::to_string(field_count) +
            ", fields_per_point_max=" + std::to_string(fields_max);
}

void Drops::beyond_retention(const PointKey& key, int64_t time_ns) {
  ++point_count_;
  const bool is_first = expired_count_++ == 0;
  if (is_first || time_ns < oldest_expired_.time_ns) oldest_expired_ = {key_text(key), time_ns};
  if (is_first || time_ns > newest_expired_.time_ns) newest_expired_ = {key_text(key), time_ns};
}

void Drops::time_field_stripped(std::string_view table) {
  if (!reason_.empty()) return;
  reason_ = "invalid field name: " + on_measurement("input field", "time", table) +
            " is invalid. Field \"time\" has been stripped from point.";
}

// Source: InfluxDB 1.13 as recorded; a failure inside a segment hides those of retention.
std::string Drops::reason() const {
  if (!reason_.empty() || expired_count_ == 0) return reason_;
  const auto violates = [&](const Expired& point) {
    return "point " + point.key + " at " + time_text(point.time_ns) +
           " dropped because it violates a Retention Policy Lower Bound at " +
           time_text(oldest_ns_);
  };
  return "dropped " + std::to_string(expired_count_) +
         " points outside retention policy of duration " + duration_text(policy_duration_ns_) +
         " - oldest " + violates(oldest_expired_) + ", newest " + violates(newest_expired_);
}

std::string duration_text(int64_t duration_ns) {
  if (duration_ns == 0) return "0s";
  if (duration_ns < 0) return "-" + duration_text(-duration_ns);
  if (duration_ns < 1'000) return std::to_string(duration_ns) + "ns";
  const auto in_unit = [&](int64_t unit, const char* name) {
    return std::to_string(duration_ns / unit) + fraction_text(duration_ns % unit, unit) + name;
  };
  if (duration_ns < 1'000'000) return in_unit(1'000, "µs");
  if (duration_ns < kSecondNs) return in_unit(1'000'000, "ms");
  const int64_t seconds = duration_ns / kSecondNs;
  std::string text;
  if (seconds >= 3'600) text += std::to_string(seconds / 3'600) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  return text + std::to_string(seconds % 60) + fraction_text(duration_ns % kSecondNs, kSecondNs) +
         "s";
}

std::string time_text(int64_t time_ns) {
  using std::chrono::days;
  const int64_t second = time_ns / kSecondNs - (time_ns % kSecondNs < 0 ? 1 : 0);
  const int64_t part_ns = (time_ns % kSecondNs + kSecondNs) % kSecondNs;
  const int64_t day = second / 86'400 - (second % 86'400 < 0 ? 1 : 0);
  const int64_t second_of_day = second - day * 86'400;
  const std::chrono::year_month_day date{std::chrono::sys_days{days{day}}};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(second_of_day / 3'600), static_cast<int>(second_of_day / 60 % 60),
                static_cast<int>(second_of_day % 60));
  return text + fraction_text(part_ns, kSecondNs) + "Z";
}

}  // namespace varve
