// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/expression.h"

#include <gtest/gtest.h>

#include "query/influxql/ast_text.h"
#include "query/influxql/parser.h"

namespace varve::influxql {
namespace {

Expression parse(std::string_view text) {
  auto parsed = parse_expression(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Expression{NilLiteral{}};
}

TEST(Expression, NamesColumnsAfterTheirOperands) {
  EXPECT_EQ(column_name(parse("f")), "f");
  EXPECT_EQ(column_name(parse("f + g * 2")), "f_g");
  EXPECT_EQ(column_name(parse("mean(f) / mean(g)")), "mean_mean");
  EXPECT_EQ(column_name(parse("(f + 1)")), "f");
  EXPECT_EQ(column_name(parse("-f")), "f");
  EXPECT_EQ(column_name(parse("1 + 2")), "");
  EXPECT_EQ(column_name(parse("'x'")), "");
  EXPECT_EQ(column_name(Field{parse("f"), "alias"}), "alias");
}

TEST(Expression, FindsCallsAnywhere) {
  EXPECT_TRUE(has_call(parse("1 + (f * max(g))")));
  EXPECT_FALSE(has_call(parse("1 + (f * g)")));
}

TEST(Expression, WalksParentsFirstAndLeftToRight) {
  std::string seen;
  walk(parse("a + max(b, (c))"), [&](const Expression& part) { seen += to_string(part) + ";"; });
  EXPECT_EQ(seen, "a + max(b, (c));a;max(b, (c));b;(c);c;");
}

TEST(Expression, CanBeChangedWhileWalking) {
  Expression expression = parse("a + max(b)");
  walk_mutable(expression, [](Expression& part) {
    if (auto* variable = part.as<Variable>()) variable->type = DataType::kFloat;
  });
  EXPECT_EQ(to_string(expression), "a::float + max(b::float)");
}

TEST(Expression, StripsParentheses) {
  EXPECT_EQ(to_string(strip_parens(parse("((a + (b)))"))), "a + (b)");
}

TEST(Expression, NamesKindsAsInfluxDoes) {
  const auto is = [](std::string_view text, std::string_view name) {
    EXPECT_EQ(influx_type_name(parse(text)), name);
  };
  is("a", "*influxql.VarRef");
  is("*", "*influxql.Wildcard");
  is("f(a)", "*influxql.Call");
  is("DISTINCT a", "*influxql.Distinct");
  is("1.5", "*influxql.NumberLiteral");
  is("1", "*influxql.IntegerLiteral");
  is("18446744073709551615", "*influxql.UnsignedLiteral");
  is("true", "*influxql.BooleanLiteral");
  is("'a'", "*influxql.StringLiteral");
  is("1m", "*influxql.DurationLiteral");
  is("(a)", "*influxql.ParenExpr");
  is("a + b", "*influxql.BinaryExpr");
  EXPECT_EQ(influx_type_name(Expression{RegexLiteral{}}), "*influxql.RegexLiteral");
  EXPECT_EQ(influx_type_name(Expression{TimeLiteral{}}), "*influxql.TimeLiteral");
  EXPECT_EQ(influx_type_name(Expression{NilLiteral{}}), "*influxql.NilLiteral");
}

}  // namespace
}  // namespace varve::influxql
