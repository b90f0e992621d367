// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "query/influxql/duration.h"
#include "query/influxql/regex_check.h"
#include "query/influxql/statement_parser.h"

namespace varve::influxql {
namespace {

Operator operator_of(TokenKind kind) {
  CHECK(is_operator(kind));
  // Both lists are in the same order.
  static_assert(static_cast<int>(TokenKind::kGreaterOrEqual) - static_cast<int>(TokenKind::kAdd) ==
                static_cast<int>(Operator::kGreaterOrEqual));
  static_assert(static_cast<int>(TokenKind::kMatch) - static_cast<int>(TokenKind::kAdd) ==
                static_cast<int>(Operator::kMatch));
  return static_cast<Operator>(static_cast<int>(kind) - static_cast<int>(TokenKind::kAdd));
}

// The smallest one stays as it is, as in Go.
int64_t negate(int64_t value) { return static_cast<int64_t>(0 - static_cast<uint64_t>(value)); }

// Puts `left op right` where the operator's precedence says: down the right side of the tree, past
// those that bind less. Not inlined, to keep it out of the frames that recurse.
[[gnu::noinline]] void add_operator(Expression& root, Operator op, Expression right) {
  Expression* place = &root;
  while (auto* binary = place->as<Binary>()) {
    if (precedence(binary->op) >= precedence(op)) break;
    place = &*binary->right;
  }
  Expression left = std::move(*place);
  *place = make_binary(op, std::move(left), std::move(right));
}

}  // namespace

Result<Expression> StatementParser::parse_root_expression() {
  const size_t outer_count = std::exchange(operator_count_, 0);
  auto expression = parse_expression_tree();
  operator_count_ = outer_count;
  return expression;
}

// What recurses is kept apart from what does not, and returns the Result of what it calls: so a
// level of nesting costs little stack, and depth_max levels fit into a thread's.

Result<Expression> StatementParser::parse_expression_tree() {
  auto root = parse_operand();
  while (root) {
    const TokenKind kind = tokens_.scan_word().kind;
    if (!is_operator(kind)) {
      tokens_.unscan();
      break;
    }
    TRY_VOID(parse_operation(*root, operator_of(kind)));
  }
  return root;
}

Result<void> StatementParser::parse_operation(Expression& root, Operator op) {
  if (++operator_count_ > options_.operators_max) return too_many_operators();
  const bool is_regex = op == Operator::kMatch || op == Operator::kNotMatch;
  auto right = is_regex ? parse_regex_operand() : parse_operand();
  if (!right) return fail(std::move(right).error());
  add_operator(root, op, std::move(*right));
  return {};
}

Result<Expression> StatementParser::parse_operand() {
  switch (tokens_.scan_word().kind) {
    case TokenKind::kOpenParen: return parse_paren();
    case TokenKind::kIdentifier: tokens_.unscan(); return parse_name_operand();
    case TokenKind::kDistinct: return parse_distinct();
    case TokenKind::kMultiply: return parse_wildcard();
    case TokenKind::kAdd: return parse_signed(false);
    case TokenKind::kSubtract: return parse_signed(true);
    default: tokens_.unscan(); return parse_literal();
  }
}

Result<Expression> StatementParser::parse_paren() {
  const Nesting nesting(depth_);
  if (depth_ > options_.depth_max) return too_deep();
  auto inner = parse_expression_tree();
  if (!inner) return inner;
  return close_paren(std::move(*inner));
}

Result<Expression> StatementParser::close_paren(Expression inner) {
  TRY_VOID(expect(TokenKind::kCloseParen));
  return Expression{Paren{std::move(inner)}};
}

Result<Expression> StatementParser::parse_name_operand() {
  const std::string name = tokens_.scan_word().text;
  if (tokens_.scan().kind == TokenKind::kOpenParen) return parse_call(name);
  tokens_.unscan();
  tokens_.unscan();
  return parse_variable();
}

Result<Expression> StatementParser::parse_literal() {
  const Token token = tokens_.scan_word();
  switch (token.kind) {
    case TokenKind::kString: return Expression{StringLiteral{token.text}};
    case TokenKind::kNumber: return parse_number(token);
    case TokenKind::kInteger: return parse_integer_literal(token);
    case TokenKind::kTrue:
    case TokenKind::kFalse: return Expression{BooleanLiteral{token.kind == TokenKind::kTrue}};
    case TokenKind::kDurationValue:
      return Expression{DurationLiteral{TRY(parse_duration(token.text))}};
    case TokenKind::kRegex: return Expression{TRY(make_regex(token))};
    case TokenKind::kParameter: return refuse_parameter(token);
    default: return unexpected(token, {"identifier", "string", "number", "bool"});
  }
}

Result<Expression> StatementParser::parse_distinct() {
  const Token token = tokens_.scan();
  if (token.kind == TokenKind::kOpenParen) return parse_call("distinct");
  if (token.kind != TokenKind::kSpace) return unexpected(token, {"(", "identifier"});
  return Expression{Distinct{TRY(parse_identifier())}};
}

Result<Expression> StatementParser::parse_number(const Token& token) {
  double value = 0;
  const char* end = token.text.data() + token.text.size();
  const auto result = std::from_chars(token.text.data(), end, value, std::chars_format::fixed);
  if (result.ec == std::errc::result_out_of_range) {
    // Too small is 0, too large is refused; from_chars does not say which it was.
    value = std::strtod(token.text.c_str(), nullptr);
    if (!std::isinf(value)) return Expression{NumberLiteral{value}};
  }
  if (result.ec != std::errc{} || result.ptr != end) {
    return fail_at("unable to parse number", token.position);
  }
  return Expression{NumberLiteral{value}};
}

Result<Expression> StatementParser::parse_integer_literal(const Token& token) {
  const char* begin = token.text.data();
  const char* end = begin + token.text.size();
  int64_t value = 0;
  auto result = std::from_chars(begin, end, value);
  if (result.ec == std::errc{} && result.ptr == end) return Expression{IntegerLiteral{value}};
  uint64_t large = 0;
  result = std::from_chars(begin, end, large);
  if (result.ec == std::errc{} && result.ptr == end) return Expression{UnsignedLiteral{large}};
  return fail_at("unable to parse integer", token.position);
}

Result<Expression> StatementParser::parse_wildcard() {
  if (tokens_.scan().kind != TokenKind::kDoubleColon) {
    tokens_.unscan();
    return Expression{Wildcard{}};
  }
  const Token& token = tokens_.scan();
  if (token.kind == TokenKind::kField) return Expression{Wildcard{Wildcard::Kind::kFields}};
  if (token.kind == TokenKind::kTag) return Expression{Wildcard{Wildcard::Kind::kTags}};
  return unexpected(token, {"field", "tag"});
}

Result<Expression> StatementParser::parse_signed(bool is_negative) {
  const auto may_follow = expect_signed_operand();
  if (!may_follow) return fail(may_follow.error());
  auto operand = parse_operand();
  if (!operand) return operand;
  return apply_sign(std::move(*operand), is_negative);
}

Result<void> StatementParser::expect_signed_operand() {
  const Token& token = tokens_.scan_word();
  switch (token.kind) {
    case TokenKind::kNumber:
    case TokenKind::kInteger:
    case TokenKind::kDurationValue:
    case TokenKind::kOpenParen:
    case TokenKind::kIdentifier: tokens_.unscan(); return {};
    default: return unexpected(token, {"identifier", "number", "duration", "("});
  }
}

Result<Expression> StatementParser::apply_sign(Expression operand, bool is_negative) {
  if (auto* number = operand.as<NumberLiteral>()) {
    if (is_negative) number->value = -number->value;
  } else if (auto* integer = operand.as<IntegerLiteral>()) {
    if (is_negative) integer->value = negate(integer->value);
  } else if (auto* duration = operand.as<DurationLiteral>()) {
    if (is_negative) duration->nanoseconds = negate(duration->nanoseconds);
  } else if (auto* large = operand.as<UnsignedLiteral>()) {
    // The smallest int64 has no positive twin, so its digits come as an unsigned number.
    constexpr uint64_t kSmallest = uint64_t{1} << 63;
    if (is_negative && large->value == kSmallest) return Expression{IntegerLiteral{INT64_MIN}};
    if (is_negative) {
      return fail(ErrorCode::kInvalidInput,
                  "constant -" + std::to_string(large->value) + " underflows int64");
    }
  } else {
    const int64_t sign = is_negative ? -1 : 1;
    return make_binary(Operator::kMultiply, Expression{IntegerLiteral{sign}}, std::move(operand));
  }
  return operand;
}

// A parameter that got here had no value to take its place.
Result<Expression> StatementParser::refuse_parameter(const Token& token) {
  const std::string name = token.text.substr(1);
  if (name.empty()) return fail(ErrorCode::kInvalidInput, "empty bound parameter");
  if (options_.parameters != nullptr) {
    const auto found = options_.parameters->find(name);
    if (found != options_.parameters->end()) {
      const auto* error = std::get_if<ParameterError>(&found->second);
      CHECK(error != nullptr);
      // A text that is no duration is read, and refused, as a literal would be.
      const bool was_read = error->message == "invalid duration";
      return fail(ErrorCode::kInvalidInput,
                  (was_read ? "" : "missing parameter: ") + error->message);
    }
  }
  return fail(ErrorCode::kInvalidInput, "missing parameter: " + name);
}

Result<Expression> StatementParser::parse_call(std::string_view name) {
  const Nesting nesting(depth_);
  if (depth_ > options_.depth_max) return too_deep();
  Call call{to_lower(name), {}};
  auto arguments = parse_arguments(call.arguments);
  if (!arguments) return fail(std::move(arguments).error());
  return Expression{std::move(call)};
}

Result<void> StatementParser::parse_arguments(std::vector<Expression>& arguments) {
  auto has_regex = accept_regex(arguments);
  if (has_regex && !*has_regex) {
    if (tokens_.scan().kind == TokenKind::kCloseParen) return {};
    tokens_.unscan();
    auto first = parse_expression_tree();
    if (!first) return fail(std::move(first).error());
    arguments.push_back(std::move(*first));
  }
  while (has_regex && accept(TokenKind::kComma)) {
    has_regex = accept_regex(arguments);
    if (!has_regex || *has_regex) continue;
    auto next = parse_expression_tree();
    if (!next) return fail(std::move(next).error());
    arguments.push_back(std::move(*next));
  }
  if (!has_regex) return fail(std::move(has_regex).error());
  return close_arguments();
}

// True and read if a regular expression is the next argument.
Result<bool> StatementParser::accept_regex(std::vector<Expression>& arguments) {
  auto regex = TRY(parse_optional_regex());
  if (!regex) return false;
  arguments.push_back(Expression{std::move(*regex)});
  return true;
}

Result<void> StatementParser::close_arguments() {
  const Token& token = tokens_.scan();
  if (token.kind != TokenKind::kCloseParen) return unexpected(token, {")"});
  return {};
}

Result<Expression> StatementParser::parse_variable() {
  const std::vector<std::string> segments = TRY(parse_segments());
  Variable variable;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (i > 0) variable.name += '.';
    variable.name += segments[i];
  }
  if (tokens_.scan().kind == TokenKind::kDoubleColon) {
    variable.type = TRY(parse_cast());
  } else {
    tokens_.unscan();
  }
  return Expression{std::move(variable)};
}

Result<DataType> StatementParser::parse_cast() {
  const Token& token = tokens_.scan();
  if (token.kind == TokenKind::kField) return DataType::kAnyField;
  if (token.kind == TokenKind::kTag) return DataType::kTag;
  if (token.kind != TokenKind::kIdentifier) {
    return unexpected(token, {"float", "integer", "string", "boolean", "field", "tag"});
  }
  const std::string name = to_lower(token.text);
  for (const DataType type : {DataType::kFloat, DataType::kInteger, DataType::kUnsigned,
                              DataType::kString, DataType::kBoolean}) {
    if (name == to_string(type)) return type;
  }
  return unexpected(token,
                    {"float", "integer", "unsigned", "string", "boolean", "field", "tag"});
}

Result<std::optional<RegexLiteral>> StatementParser::parse_optional_regex() {
  using None = std::optional<RegexLiteral>;
  // Spaces are skipped by looking at characters, since a word read in advance could only be an
  // operator where a regular expression begins.
  if (is_space(tokens_.peek_character())) skip_space();
  const char32_t next = tokens_.peek_character();
  if (next == '$') {
    const bool is_regex = tokens_.scan().kind == TokenKind::kRegex;
    tokens_.unscan();
    if (!is_regex) return None();
  } else if (next != '/') {
    return None();
  }
  const Token& token = tokens_.scan_regex();
  // A word taken back comes here too, though it stands in front of the slash.
  if (token.kind == TokenKind::kBadEscape) {
    return fail_at("bad escape: " + token.text, token.position);
  }
  if (token.kind == TokenKind::kBadRegex) {
    return fail_at("bad regex: " + token.text, token.position);
  }
  if (token.kind != TokenKind::kRegex) return unexpected(token, {"regex"});
  return None(TRY(make_regex(token)));
}

Result<Expression> StatementParser::parse_regex_operand() {
  return Expression{TRY(parse_regex())};
}

Result<RegexLiteral> StatementParser::parse_regex() {
  auto regex = TRY(parse_optional_regex());
  if (!regex) return unexpected(tokens_.scan_word(), {"regex"});
  return std::move(*regex);
}

Result<RegexLiteral> StatementParser::make_regex(const Token& token) const {
  const auto checked = check_regex(token.text);
  if (!checked) return fail_at(checked.error().message, token.position);
  return RegexLiteral{token.text};
}

}  // namespace varve::influxql
