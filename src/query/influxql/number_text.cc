// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/number_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace varve::influxql {

std::string to_plain_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // The longest is a denormal: a sign, "0.", 323 zeros and 17 digits.
  std::array<char, 400> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                    std::chars_format::fixed);
  CHECK(result.ec == std::errc{});
  return std::string(digits.data(), result.ptr);
}

}  // namespace varve::influxql
