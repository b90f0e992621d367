// SPDX-License-Identifier: Apache-2.0
// Values for `$name` in a query's text. Each takes the place of one token, so a string can never
// become anything but a string literal.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace varve::influxql {

struct ParameterIdentifier {
  std::string name;
};

struct ParameterRegex {
  std::string pattern;  ///< Without slashes; checked when it is used.
};

struct ParameterDuration {
  std::string text;  ///< "5m"; checked when it is used.
};

/// A value that cannot be bound; the message is the parser's error when the parameter is used.
struct ParameterError {
  std::string message;
};

using Parameter = std::variant<double, int64_t, bool, std::string, ParameterIdentifier,
                               ParameterRegex, ParameterDuration, ParameterError>;

/// By name, without the `$`.
using Parameters = std::map<std::string, Parameter, std::less<>>;

/// What a JSON document can hold where a parameter's value stands. A JSON number with a `.` is a
/// double, else an int64_t. monostate is null.
using ParameterScalar = std::variant<std::monostate, double, int64_t, bool, std::string>;

/// `{"name": value}`.
Parameter bind_parameter(const ParameterScalar& value);

/// `{"name": {kind: value}}` with kind identifier (or ident), regex, string, float (or number),
/// integer (or int), duration (text, or an integer of nanoseconds). An unfit value or kind gives a
/// ParameterError with InfluxDB's words.
Parameter bind_parameter(std::string_view kind, const ParameterScalar& value);

/// `{"name": [...]}`, or an object without exactly one entry.
Parameter bind_list_parameter();
Parameter bind_wrong_object_parameter();

}  // namespace varve::influxql
