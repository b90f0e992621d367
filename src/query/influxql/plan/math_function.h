// SPDX-License-Identifier: Apache-2.0
// Functions of numbers: sin, pow, round … They take any numeric type and, but for abs, floor, ceil
// and round, give a float.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/value.h"

namespace varve::influxql {

enum class MathFunction : uint8_t {
  kAbs, kSin, kCos, kTan, kAsin, kAcos, kAtan, kAtan2, kExp, kLog, kLn, kLog2, kLog10,  // NOLINT
  kSqrt, kPow, kFloor, kCeil, kRound,
};

/// By its name in lower case; nothing for other names.
std::optional<MathFunction> find_math_function(std::string_view name);

/// One or two.
size_t argument_count(MathFunction function);

/// True when an integer argument stays an integer.
constexpr bool keeps_integers(MathFunction function) {
  return function == MathFunction::kAbs || function == MathFunction::kFloor ||
         function == MathFunction::kCeil || function == MathFunction::kRound;
}

/// Of floats; the second argument is for functions of two.
double apply(MathFunction function, double x, double y);

/// Of literals: monostate (no value) where an argument is no number.
Value apply(MathFunction function, const Value& x, const Value& y);

}  // namespace varve::influxql
