// SPDX-License-Identifier: Apache-2.0
#include "codec/time_precision.h"

#include <string>

namespace varve {

int64_t unit_ns(TimePrecision precision) {
  switch (precision) {
    case TimePrecision::kNanosecond:
      return 1;
    case TimePrecision::kMicrosecond:
      return 1'000;
    case TimePrecision::kMillisecond:
      return 1'000'000;
    case TimePrecision::kSecond:
      return 1'000'000'000;
    case TimePrecision::kMinute:
      return 60'000'000'000;
    case TimePrecision::kHour:
      return 3'600'000'000'000;
  }
  return 1;
}

int64_t floor_to_unit(int64_t time_ns, TimePrecision precision) {
  const int64_t step_ns = unit_ns(precision);
  const int64_t rest = time_ns % step_ns;
  return time_ns - (rest < 0 ? rest + step_ns : rest);
}

Result<TimePrecision> parse_precision(std::string_view text) {
  if (text.empty() || text == "n" || text == "ns") return TimePrecision::kNanosecond;
  if (text == "u") return TimePrecision::kMicrosecond;
  if (text == "ms") return TimePrecision::kMillisecond;
  if (text == "s") return TimePrecision::kSecond;
  if (text == "m") return TimePrecision::kMinute;
  if (text == "h") return TimePrecision::kHour;
  return fail(ErrorCode::kInvalidInput,
              "invalid precision \"" + std::string(text) + "\" (use n, u, ms, s, m or h)");
}

std::optional<TimePrecision> parse_epoch(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "u") return TimePrecision::kMicrosecond;
  if (text == "ms") return TimePrecision::kMillisecond;
  if (text == "s") return TimePrecision::kSecond;
  if (text == "m") return TimePrecision::kMinute;
  if (text == "h") return TimePrecision::kHour;
  return TimePrecision::kNanosecond;
}

}  // namespace varve
