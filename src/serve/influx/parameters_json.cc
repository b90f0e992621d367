// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/parameters_json.h"

#include <simdjson.h>

#include <optional>
#include <string>

namespace varve::influx {
namespace {

using influxql::Parameter;
using influxql::ParameterScalar;
namespace dom = simdjson::dom;

tl::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorCode::kInvalidInput, "error parsing query parameters: " + std::string(why));
}

/// In Go's words, since clients show them.
std::string_view type_word(dom::element_type type) {
  switch (type) {
    case dom::element_type::ARRAY:
      return "array";
    case dom::element_type::STRING:
      return "string";
    case dom::element_type::BOOL:
      return "bool";
    default:
      return "number";
  }
}

/// Nothing when it is no scalar or its number does not fit 64 bits.
std::optional<ParameterScalar> scalar_of(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::NULL_VALUE:
      return std::monostate{};
    case dom::element_type::BOOL:
      return bool(element.get_bool().value_unsafe());
    case dom::element_type::INT64:
      return int64_t(element.get_int64().value_unsafe());
    case dom::element_type::DOUBLE:
      return double(element.get_double().value_unsafe());
    case dom::element_type::STRING:
      return std::string(element.get_string().value_unsafe());
    default:
      return std::nullopt;
  }
}

Result<Parameter> parameter_of(const dom::element& element) {
  if (const auto scalar = scalar_of(element)) return influxql::bind_parameter(*scalar);
  if (element.is_array()) return influxql::bind_list_parameter();
  if (!element.is_object()) {
    return fail(ErrorCode::kInvalidInput, "error parsing json value: value out of range");
  }
  const dom::object object = element.get_object().value_unsafe();
  if (object.size() != 1) return influxql::bind_wrong_object_parameter();
  const auto entry = *object.begin();
  const auto value = scalar_of(entry.value);
  if (!value) return influxql::bind_wrong_object_parameter();
  return influxql::bind_parameter(entry.key, *value);
}

}  // namespace

Result<influxql::Parameters> parse_parameters(std::string_view json) {
  // Deep nesting costs stack; values are at most one object deep.
  constexpr size_t kDepthMax = 16;
  dom::parser parser;
  if (parser.allocate(json.size() + 1, kDepthMax) != simdjson::SUCCESS) {
    return malformed("the text is too large");
  }
  const simdjson::padded_string padded(json);
  dom::element document;
  if (const auto error = parser.parse(padded).get(document)) {
    if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) return malformed("EOF");
    return malformed(simdjson::error_message(error));
  }
  influxql::Parameters parameters;
  if (document.is_null()) return parameters;
  if (!document.is_object()) {
    return malformed("json: cannot unmarshal " + std::string(type_word(document.type())) +
                     " into Go value of type map[string]interface {}");
  }
  for (const auto& [name, value] : dom::object(document.get_object().value_unsafe())) {
    parameters.insert_or_assign(std::string(name), TRY(parameter_of(value)));
  }
  return parameters;
}

}  // namespace varve::influx
