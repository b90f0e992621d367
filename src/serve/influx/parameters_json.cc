// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/parameters_json.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace varve::influx {
namespace {

using influxql::Parameter;
using influxql::ParameterScalar;
using nlohmann::json;

tl::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorCode::kInvalidInput, "error parsing query parameters: " + std::string(why));
}

/// In Go's words, since clients show them.
std::string_view type_word(const json& element) {
  if (element.is_array()) return "array";
  if (element.is_string()) return "string";
  if (element.is_boolean()) return "bool";
  return "number";
}

bool is_out_of_range(const json& element) {
  return element.is_number_unsigned() &&
         element.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

/// Nothing when it is no scalar or its number does not fit 64 bits.
std::optional<ParameterScalar> scalar_of(const json& element) {
  if (element.is_null()) return std::monostate{};
  if (element.is_boolean()) return element.get<bool>();
  if (is_out_of_range(element)) return std::nullopt;
  if (element.is_number_integer()) return element.get<int64_t>();
  if (element.is_number_float()) return element.get<double>();
  if (element.is_string()) return element.get<std::string>();
  return std::nullopt;
}

Result<Parameter> parameter_of(const json& element) {
  if (const auto scalar = scalar_of(element)) return influxql::bind_parameter(*scalar);
  if (element.is_array()) return influxql::bind_list_parameter();
  if (!element.is_object()) {
    return fail(ErrorCode::kInvalidInput, "error parsing json value: value out of range");
  }
  if (element.size() != 1) return influxql::bind_wrong_object_parameter();
  const auto entry = element.begin();
  const auto value = scalar_of(entry.value());
  if (!value) return influxql::bind_wrong_object_parameter();
  return influxql::bind_parameter(entry.key(), *value);
}

}  // namespace

Result<influxql::Parameters> parse_parameters(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return malformed("EOF");
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return malformed("the text is no JSON");
  influxql::Parameters parameters;
  if (document.is_null()) return parameters;
  if (!document.is_object()) {
    return malformed("json: cannot unmarshal " + std::string(type_word(document)) +
                     " into Go value of type map[string]interface {}");
  }
  for (const auto& [name, value] : document.items()) {
    parameters.insert_or_assign(name, TRY(parameter_of(value)));
  }
  return parameters;
}

}  // namespace varve::influx
