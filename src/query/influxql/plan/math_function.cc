// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/math_function.h"

#include <array>
#include <utility>

namespace varve::influxql {
namespace {

constexpr std::array<std::pair<std::string_view, MathFunction>, 18> kNames = {{
    {"abs", MathFunction::kAbs},     {"sin", MathFunction::kSin},
    {"cos", MathFunction::kCos},     {"tan", MathFunction::kTan},
    {"asin", MathFunction::kAsin},   {"acos", MathFunction::kAcos},
    {"atan", MathFunction::kAtan},   {"atan2", MathFunction::kAtan2},
    {"exp", MathFunction::kExp},     {"log", MathFunction::kLog},
    {"ln", MathFunction::kLn},       {"log2", MathFunction::kLog2},
    {"log10", MathFunction::kLog10}, {"sqrt", MathFunction::kSqrt},
    {"pow", MathFunction::kPow},     {"floor", MathFunction::kFloor},
    {"ceil", MathFunction::kCeil},   {"round", MathFunction::kRound},
}};

// Halves go away from zero.
double round_half_away(double x) {
  const double whole = std::trunc(x);
  return std::abs(x - whole) >= 0.5 ? whole + std::copysign(1.0, x) : whole;
}

std::optional<double> as_float(const Value& value) {
  if (const auto* f64 = std::get_if<double>(&value)) return *f64;
  if (const auto* i64 = std::get_if<int64_t>(&value)) return static_cast<double>(*i64);
  if (const auto* u64 = std::get_if<uint64_t>(&value)) return static_cast<double>(*u64);
  return std::nullopt;
}

}  // namespace

std::optional<MathFunction> find_math_function(std::string_view name) {
  for (const auto& [known, function] : kNames) {
    if (known == name) return function;
  }
  return std::nullopt;
}

size_t argument_count(MathFunction function) {
  return function == MathFunction::kAtan2 || function == MathFunction::kPow ||
                 function == MathFunction::kLog
             ? 2
             : 1;
}

double apply(MathFunction function, double x, double y) {
  switch (function) {
    case MathFunction::kAbs: return std::abs(x);
    case MathFunction::kSin: return std::sin(x);
    case MathFunction::kCos: return std::cos(x);
    case MathFunction::kTan: return std::tan(x);
    case MathFunction::kAsin: return std::asin(x);
    case MathFunction::kAcos: return std::acos(x);
    case MathFunction::kAtan: return std::atan(x);
    case MathFunction::kAtan2: return std::atan2(x, y);
    case MathFunction::kExp: return std::exp(x);
    case MathFunction::kLog: return std::log(x) / std::log(y);
    case MathFunction::kLn: return std::log(x);
    case MathFunction::kLog2: return std::log2(x);
    case MathFunction::kLog10: return std::log10(x);
    case MathFunction::kSqrt: return std::sqrt(x);
    case MathFunction::kPow: return std::pow(x, y);
    case MathFunction::kFloor: return std::floor(x);
    case MathFunction::kCeil: return std::ceil(x);
    case MathFunction::kRound: break;
  }
  return round_half_away(x);
}

Value apply(MathFunction function, const Value& x, const Value& y) {
  if (keeps_integers(function)) {
    if (const auto* i64 = std::get_if<int64_t>(&x)) {
      return function == MathFunction::kAbs && *i64 < 0
                 ? Value(static_cast<int64_t>(0 - static_cast<uint64_t>(*i64)))
                 : Value(*i64);
    }
    if (std::holds_alternative<uint64_t>(x)) return x;
  }
  const auto first = as_float(x);
  const auto second = argument_count(function) == 2 ? as_float(y) : std::optional(0.0);
  if (!first || !second) return std::monostate();
  return apply(function, *first, *second);
}

}  // namespace varve::influxql
