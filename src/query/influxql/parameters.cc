// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/parameters.h"

#include "query/influxql/duration.h"
#include "query/influxql/number_text.h"
#include "query/influxql/parameter_token.h"

namespace varve::influxql {
namespace {

struct TokenOf {
  Token& token;

  void operator()(double value) const { set(TokenKind::kNumber, to_plain_text(value)); }
  void operator()(int64_t value) const { set(TokenKind::kInteger, std::to_string(value)); }
  void operator()(bool value) const { set(value ? TokenKind::kTrue : TokenKind::kFalse, ""); }
  void operator()(const std::string& value) const { set(TokenKind::kString, value); }
  void operator()(const ParameterIdentifier& value) const {
    set(TokenKind::kIdentifier, value.name);
  }
  void operator()(const ParameterRegex& value) const { set(TokenKind::kRegex, value.pattern); }
  void operator()(const ParameterDuration& value) const {
    set(TokenKind::kDurationValue, value.text);
  }
  void operator()(const ParameterError&) const {}

 private:
  void set(TokenKind kind, std::string text) const {
    token.kind = kind;
    token.text = std::move(text);
  }
};

Parameter bind_number(const ParameterScalar& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  return ParameterError{"number literal must be a float value"};
}

Parameter bind_integer(const ParameterScalar& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return *integer;
  return ParameterError{"integer literal must be an integer value"};
}

Parameter bind_duration(const ParameterScalar& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return ParameterDuration{*text};
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    return ParameterDuration{format_duration(*integer)};
  }
  return ParameterError{"duration literal must be a string or integer value"};
}

}  // namespace

void replace_by_parameter(Token& token, const Parameter& parameter) {
  std::visit(TokenOf{token}, parameter);
}

Parameter bind_parameter(const ParameterScalar& value) {
  struct Bind {
    Parameter operator()(std::monostate) const {
      return ParameterError{"unable to bind parameter with type <nil>"};
    }
    Parameter operator()(double number) const { return number; }
    Parameter operator()(int64_t number) const { return number; }
    Parameter operator()(bool truth) const { return truth; }
    Parameter operator()(const std::string& text) const { return text; }
  };
  return std::visit(Bind{}, value);
}

Parameter bind_parameter(std::string_view kind, const ParameterScalar& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (kind == "ident" || kind == "identifier") {
    if (text == nullptr) return ParameterError{"identifier must be a string value"};
    return ParameterIdentifier{*text};
  }
  if (kind == "regex") {
    if (text == nullptr) return ParameterError{"regex literal must be a string value"};
    return ParameterRegex{*text};
  }
  if (kind == "string") {
    if (text == nullptr) return ParameterError{"string literal must be a string value"};
    return *text;
  }
  if (kind == "float" || kind == "number") return bind_number(value);
  if (kind == "int" || kind == "integer") return bind_integer(value);
  if (kind == "duration") return bind_duration(value);
  return ParameterError{"unknown bind object type: " + std::string(kind)};
}

Parameter bind_list_parameter() {
  return ParameterError{"unable to bind parameter with type []interface {}"};
}

Parameter bind_wrong_object_parameter() {
  return ParameterError{"bound object parameter value must have exactly one entry"};
}

}  // namespace varve::influxql
