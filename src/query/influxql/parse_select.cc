// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/statement_parser.h"
#include "query/influxql/time_zone_check.h"

namespace varve::influxql {
namespace {

// The operator that makes a boolean, which a column cannot be; the last one met from left to right,
// without looking below one.
std::optional<Operator> find_condition_operator(const Expression& expression) {
  if (const auto* binary = expression.as<Binary>()) {
    if (is_comparison(binary->op) || is_logical(binary->op)) return binary->op;
    const auto left = find_condition_operator(*binary->left);
    const auto right = find_condition_operator(*binary->right);
    return right ? right : left;
  }
  if (const auto* paren = expression.as<Paren>()) return find_condition_operator(*paren->inner);
  std::optional<Operator> found;
  if (const auto* call = expression.as<Call>()) {
    for (const Expression& argument : call->arguments) {
      const auto inside = find_condition_operator(argument);
      if (inside) found = inside;
    }
  }
  return found;
}

}  // namespace

Result<Statement> StatementParser::parse_select_statement() {
  return Statement(TRY(parse_select(IntoRule::kOptional)));
}

Result<Statement> StatementParser::parse_explain() {
  ExplainStatement statement;
  statement.analyze = accept(TokenKind::kAnalyze);
  statement.verbose = accept(TokenKind::kVerbose);
  TRY_VOID(expect(TokenKind::kSelect));
  statement.select = TRY(parse_select(IntoRule::kOptional));
  return Statement(std::move(statement));
}

Result<SelectStatement> StatementParser::parse_select(IntoRule into) {
  SelectStatement select;
  select.fields = TRY(parse_fields());
  select.target = TRY(parse_target(into));
  TRY_VOID(expect(TokenKind::kFrom));
  select.sources = TRY(parse_sources(SubqueryRule::kAllowed));
  select.condition = TRY(parse_optional_condition());
  select.dimensions = TRY(parse_optional_dimensions());
  select.fill = TRY(parse_optional_fill());
  select.sort = TRY(parse_optional_sort());
  TRY_VOID(parse_limits(select));
  select.time_zone = TRY(parse_optional_time_zone());
  return select;
}

Result<void> StatementParser::parse_limits(SelectStatement& select) {
  select.limit = TRY(parse_optional_count(TokenKind::kLimit));
  select.offset = TRY(parse_optional_count(TokenKind::kOffset));
  select.series_limit = TRY(parse_optional_count(TokenKind::kSlimit));
  select.series_offset = TRY(parse_optional_count(TokenKind::kSoffset));
  return {};
}

Result<std::vector<Field>> StatementParser::parse_fields() {
  std::vector<Field> fields;
  while (true) {
    fields.push_back(TRY(parse_field()));
    if (tokens_.scan().kind != TokenKind::kComma) {
      tokens_.unscan();
      return fields;
    }
  }
}

Result<Field> StatementParser::parse_field() {
  auto regex = TRY(parse_optional_regex());
  Field field{regex ? Expression{std::move(*regex)} : TRY(parse_field_expression()), ""};
  field.alias = TRY(parse_optional_alias());
  skip_space();
  return field;
}

Result<Expression> StatementParser::parse_field_expression() {
  const size_t position = tokens_.scan_word().position;
  tokens_.unscan();
  Expression expression = TRY(parse_root_expression());
  const auto wrong = find_condition_operator(expression);
  if (!wrong) return expression;
  return fail(ErrorCode::kInvalidInput,
              "invalid operator " + std::string(to_string(*wrong)) + " in SELECT clause" +
                  tokens_.describe_position(position) + "; operator is intended for WHERE clause");
}

Result<std::string> StatementParser::parse_optional_alias() {
  if (!accept(TokenKind::kAs)) return std::string();
  return parse_identifier();
}

Result<std::optional<Target>> StatementParser::parse_target(IntoRule into) {
  using None = std::optional<Target>;
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kInto) {
    if (into == IntoRule::kRequired) return unexpected(token, {"INTO"});
    tokens_.unscan();
    return None();
  }
  std::vector<std::string> segments = TRY(parse_segments());
  Target target;
  if (segments.size() < 3 && tokens_.peek_character() == ':') {
    TRY_VOID(expect({TokenKind::kColon, TokenKind::kMeasurement}));
    segments.emplace_back();
    target.uses_source_name = true;
  }
  const size_t count = segments.size();
  target.measurement.name = std::move(segments[count - 1]);
  if (count > 1) target.measurement.policy = std::move(segments[count - 2]);
  if (count > 2) target.measurement.database = std::move(segments[count - 3]);
  return None(std::move(target));
}

Result<std::vector<Source>> StatementParser::parse_sources(SubqueryRule subqueries) {
  std::vector<Source> sources;
  do {
    sources.push_back(TRY(parse_source(subqueries)));
  } while (accept(TokenKind::kComma));
  return sources;
}

Result<std::vector<Source>> StatementParser::parse_optional_sources() {
  if (!accept(TokenKind::kFrom)) return std::vector<Source>();
  return parse_sources(SubqueryRule::kForbidden);
}

Result<Source> StatementParser::parse_source(SubqueryRule subqueries) {
  auto regex = TRY(parse_optional_regex());
  if (regex) return Source(Measurement{"", "", "", std::move(*regex)});
  if (subqueries == SubqueryRule::kAllowed && accept(TokenKind::kOpenParen)) {
    return parse_subquery();
  }
  return Source(TRY(parse_measurement_name()));
}

Result<Source> StatementParser::parse_subquery() {
  const Nesting nesting(subquery_depth_);
  if (subquery_depth_ > options_.subquery_depth_max) return too_many_subqueries();
  TRY_VOID(expect(TokenKind::kSelect));
  SelectStatement select = TRY(parse_select(IntoRule::kOptional));
  TRY_VOID(expect(TokenKind::kCloseParen));
  return Source(SubQuery{std::move(select)});
}

Result<Measurement> StatementParser::parse_measurement_name() {
  std::vector<std::string> segments = TRY(parse_segments());
  Measurement measurement;
  if (segments.size() < 3) {
    measurement.regex = TRY(parse_optional_regex());
    // The regular expression stands where the name would.
    if (measurement.regex) segments.emplace_back();
  }
  const size_t count = segments.size();
  measurement.name = std::move(segments[count - 1]);
  if (count > 1) measurement.policy = std::move(segments[count - 2]);
  if (count > 2) measurement.database = std::move(segments[count - 3]);
  return measurement;
}

Result<std::optional<Expression>> StatementParser::parse_optional_condition() {
  using None = std::optional<Expression>;
  if (!accept(TokenKind::kWhere)) return None();
  return None(TRY(parse_root_expression()));
}

Result<std::vector<Dimension>> StatementParser::parse_optional_dimensions() {
  std::vector<Dimension> dimensions;
  if (!accept(TokenKind::kGroup)) return dimensions;
  TRY_VOID(expect(TokenKind::kBy));
  while (true) {
    dimensions.push_back(TRY(parse_dimension()));
    if (tokens_.scan().kind != TokenKind::kComma) {
      tokens_.unscan();
      return dimensions;
    }
  }
}

Result<Dimension> StatementParser::parse_dimension() {
  auto regex = TRY(parse_optional_regex());
  if (regex) return Dimension{Expression{std::move(*regex)}};
  Expression expression = TRY(parse_root_expression());
  skip_space();
  return Dimension{std::move(expression)};
}

bool StatementParser::next_is_function(std::string_view lower_name) {
  const bool is_next = accept_word(lower_name);
  if (is_next) tokens_.unscan();
  return is_next;
}

Result<Fill> StatementParser::parse_optional_fill() {
  if (!next_is_function("fill")) return Fill{};
  const Expression expression = TRY(parse_root_expression());
  const auto* call = expression.as<Call>();
  if (call == nullptr) return fail(ErrorCode::kInvalidInput, "fill must be a function call");
  if (call->arguments.size() != 1) {
    return fail(ErrorCode::kInvalidInput,
                "fill requires an argument, e.g.: 0, null, none, previous, linear");
  }
  const Expression& argument = call->arguments.front();
  const std::string mode = to_string(argument);
  if (mode == "null") return Fill{FillMode::kNull};
  if (mode == "none") return Fill{FillMode::kNone};
  if (mode == "previous") return Fill{FillMode::kPrevious};
  if (mode == "linear") return Fill{FillMode::kLinear};
  if (const auto* integer = argument.as<IntegerLiteral>()) {
    return Fill{FillMode::kNumber, integer->value};
  }
  if (const auto* number = argument.as<NumberLiteral>()) {
    return Fill{FillMode::kNumber, number->value};
  }
  return fail(ErrorCode::kInvalidInput, "expected number argument in fill()");
}

Result<std::string> StatementParser::parse_optional_time_zone() {
  if (!next_is_function("tz")) return std::string();
  const Expression expression = TRY(parse_root_expression());
  const auto* call = expression.as<Call>();
  if (call == nullptr) return fail(ErrorCode::kInvalidInput, "tz must be a function call");
  if (call->arguments.size() != 1) {
    return fail(ErrorCode::kInvalidInput, "tz requires exactly one argument");
  }
  const auto* name = call->arguments.front().as<StringLiteral>();
  if (name == nullptr) {
    return fail(ErrorCode::kInvalidInput, "expected string argument in tz()");
  }
  if (name->value.empty()) return std::string("UTC");
  if (!is_known_time_zone(name->value)) {
    return fail(ErrorCode::kInvalidInput, "unable to find time zone " + name->value);
  }
  return name->value;
}

Result<std::vector<SortField>> StatementParser::parse_optional_sort() {
  constexpr const char* kOnlyTime = "only ORDER BY time supported at this time";
  std::vector<SortField> sort;
  if (!accept(TokenKind::kOrder)) return sort;
  TRY_VOID(expect(TokenKind::kBy));
  const Token token = tokens_.scan_word();
  if (token.kind == TokenKind::kAsc || token.kind == TokenKind::kDesc) {
    sort.push_back({"", token.kind == TokenKind::kAsc});
  } else if (token.kind == TokenKind::kIdentifier) {
    tokens_.unscan();
    sort.push_back(TRY(parse_sort_field()));
    if (token.text != "time") return fail(ErrorCode::kInvalidInput, kOnlyTime);
  } else {
    return unexpected(token, {"identifier", "ASC", "DESC"});
  }
  while (accept(TokenKind::kComma)) sort.push_back(TRY(parse_sort_field()));
  if (sort.size() > 1) return fail(ErrorCode::kInvalidInput, kOnlyTime);
  return sort;
}

Result<SortField> StatementParser::parse_sort_field() {
  SortField field{TRY(parse_identifier()), true};
  if (accept(TokenKind::kDesc)) {
    field.is_ascending = false;
  } else {
    accept(TokenKind::kAsc);
  }
  return field;
}

}  // namespace varve::influxql
