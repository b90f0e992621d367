// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/duration.h"

#include <array>
#include <charconv>
#include <optional>

namespace varve::influxql {
namespace {

constexpr int64_t kMicrosecond = 1'000;
constexpr int64_t kMillisecond = 1'000 * kMicrosecond;
constexpr int64_t kSecond = 1'000 * kMillisecond;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kWeek = 7 * kDay;

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};

// A unit stands in front of those that begin like it.
constexpr std::array<Unit, 9> kUnits = {{{"ns", 1},
                                         {"u", kMicrosecond},
                                         {"µ", kMicrosecond},
                                         {"ms", kMillisecond},
                                         {"m", kMinute},
                                         {"s", kSecond},
                                         {"h", kHour},
                                         {"d", kDay},
                                         {"w", kWeek}}};

std::optional<Unit> take_unit(std::string_view& text) {
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return unit;
    }
  }
  return std::nullopt;
}

std::optional<int64_t> take_digits(std::string_view& text) {
  const size_t end = text.find_first_not_of("0123456789");
  if (end == 0 || end == std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + end, number);
  if (result.ec != std::errc{}) return std::nullopt;
  text.remove_prefix(end);
  return number;
}

}  // namespace

Result<int64_t> parse_duration(std::string_view text) {
  constexpr const char* kInvalid = "invalid duration";
  if (text.size() < 2) return fail(ErrorCode::kInvalidInput, kInvalid);
  const bool is_negative = text.front() == '-';
  if (is_negative) text.remove_prefix(1);

  // Unsigned, since it wraps around as InfluxDB's does; only the sign at the end is looked at.
  uint64_t sum = 0;
  int64_t number = 0;
  Unit unit{"", 0};
  while (!text.empty()) {
    const auto digits = take_digits(text);
    if (!digits) return fail(ErrorCode::kInvalidInput, kInvalid);
    const auto found = take_unit(text);
    if (!found) return fail(ErrorCode::kInvalidInput, kInvalid);
    number = *digits;
    unit = *found;
    sum += static_cast<uint64_t>(number) * static_cast<uint64_t>(unit.nanoseconds);
  }
  if (static_cast<int64_t>(sum) < 0 && !is_negative) {
    return fail(ErrorCode::kInvalidInput, "overflowed duration " + std::to_string(number) +
                                              std::string(unit.name) +
                                              ": choose a smaller duration or INF");
  }
  return static_cast<int64_t>(is_negative ? 0 - sum : sum);
}

std::string format_duration(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  constexpr std::array<Unit, 8> kLargestFirst = {{{"w", kWeek},
                                                  {"d", kDay},
                                                  {"h", kHour},
                                                  {"m", kMinute},
                                                  {"s", kSecond},
                                                  {"ms", kMillisecond},
                                                  {"u", kMicrosecond},
                                                  {"ns", 1}}};
  for (const Unit& unit : kLargestFirst) {
    if (nanoseconds % unit.nanoseconds == 0) {
      return std::to_string(nanoseconds / unit.nanoseconds) + std::string(unit.name);
    }
  }
  return std::to_string(nanoseconds) + "ns";
}

std::string format_clock_duration(int64_t nanoseconds) {
  if (nanoseconds <= 0 || nanoseconds % kSecond != 0) return format_duration(nanoseconds);
  const std::string seconds = std::to_string(nanoseconds / kSecond % 60) + "s";
  if (nanoseconds < kMinute) return seconds;
  const std::string minutes = std::to_string(nanoseconds / kMinute % 60) + "m" + seconds;
  if (nanoseconds < kHour) return minutes;
  return std::to_string(nanoseconds / kHour) + "h" + minutes;
}

}  // namespace varve::influxql
