// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "query/influxql/ast_text.h"
#include "query/influxql/parser.h"
#include "query/influxql/plan/condition.h"
#include "query/influxql/plan/field_names.h"
#include "query/influxql/plan/fold.h"
#include "query/influxql/plan/math_function.h"
#include "query/influxql/plan/time_literal.h"
#include "query/influxql/plan/time_zone.h"
#include "query/influxql/plan/type_check.h"
#include "query/influxql/plan/window.h"

namespace varve::influxql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kHour = 3600 * kSecond;

TEST(Fold, ComputesConstants) {
  const auto folds = [](std::string_view text, std::string_view expected) {
    const auto expression = parse_expression(text);
    ASSERT_TRUE(expression.has_value()) << text;
    EXPECT_EQ(to_string(fold(*expression, {.now_ns = 100 * kSecond, .folds_math = true})),
              expected)
        << text;
  };
  folds("5 / 2 * f", "2.5 * f");
  folds("1 + 2 * 3", "7");
  folds("7 % 0", "0");
  folds("x / 0", "x / 0");
  folds("true AND x = 1", "x = 1");
  folds("false AND x = 1", "false");
  folds("false OR x = 1", "x = 1");
  folds("(x + 1)", "x + 1");
  folds("10s * 3", "30s");
  folds("now() - 40s", "'1970-01-01T00:01:00Z'");
  folds("sqrt(16) + x", "4.0 + x");
  folds("'a' = 'a'", "true");
  folds("9223372036854775807 + 1", "-9223372036854775808");
  folds("9223372036854775808 > -1", "true");
  folds("'2020-01-01' = '2020-01-01T00:00:00Z'", "true");
}

TEST(Condition, SplitsTimeFromTheRest) {
  const auto splits = [](std::string_view text, std::string_view rest, TimeBounds bounds) {
    const auto expression = parse_expression(text);
    ASSERT_TRUE(expression.has_value()) << text;
    const auto split = split_condition(*expression, {.now_ns = 100 * kSecond});
    ASSERT_TRUE(split.has_value()) << text;
    EXPECT_EQ(split->condition ? to_string(*split->condition) : "", rest) << text;
    EXPECT_EQ(split->time, bounds) << text;
  };
  splits("time >= 10s AND host = 'a'", "host = 'a'", {10 * kSecond, std::nullopt});
  splits("time > 5 AND time < 9", "", {6, 8});
  splits("(time > 5 OR host = 'a') AND v > 1", "(host = 'a') AND v > 1", {6, std::nullopt});
  splits("now() - 40s <= time", "", {60 * kSecond, std::nullopt});
  splits("time = '1970-01-01T00:00:01Z'", "", {kSecond, kSecond});
}

TEST(Condition, RefusesTimesThatAreNone) {
  const auto refuses = [](std::string_view text, std::string_view message) {
    const auto expression = parse_expression(text);
    ASSERT_TRUE(expression.has_value()) << text;
    const auto split = split_condition(*expression, {});
    ASSERT_FALSE(split.has_value()) << text;
    EXPECT_EQ(split.error().message, message) << text;
  };
  refuses("time != 5", "invalid time comparison operator: !=");
  refuses("time > 'x'",
          "invalid operation: time and *influxql.StringLiteral are not compatible");
  refuses("time > '2020-13-01'", "invalid timestamp string");
  refuses("time > '2500-01-01'", "time 2500-01-01T00:00:00Z overflows time literal");
  refuses("v", "invalid condition expression: v");
}

TEST(TimeLiteral, ReadsDatesAndMoments) {
  const auto reads = [](std::string_view text, int64_t ns) {
    const auto moment = parse_time(text, nullptr);
    ASSERT_TRUE(moment.has_value()) << text;
    EXPECT_EQ(moment->to_ns(), ns) << text;
  };
  reads("1970-01-02", 24 * kHour);
  reads("1970-01-01 00:00:01.5", kSecond + kSecond / 2);
  reads("1970-01-01T01:00:00+01:00", 0);
  reads("1969-12-31T23:59:59.999999999Z", -1);
  for (const char* text : {"1970-02-30", "1970-01-01T00:00:00", "1970-01-01 25:00:00", "1970"}) {
    EXPECT_FALSE(parse_time(text, nullptr).has_value()) << text;
  }
}

TEST(TimeZone, FollowsTheClockOfAPlace) {
  const TimeZone* berlin = find_time_zone("Europe/Berlin");
  ASSERT_NE(berlin, nullptr);
  EXPECT_EQ(find_time_zone("No/Where"), nullptr);
  EXPECT_EQ(berlin->offset_seconds(parse_time("2020-01-01", nullptr)->to_ns()), 3600);
  EXPECT_EQ(berlin->offset_seconds(parse_time("2020-07-01", nullptr)->to_ns()), 7200);
  EXPECT_EQ(parse_time("2020-07-01 02:00:00", berlin)->to_ns(),
            parse_time("2020-07-01", nullptr)->to_ns());
}

TEST(Window, IsAlignedToTheEpochOrTheLocalClock) {
  using Ends = std::pair<int64_t, int64_t>;
  const auto window = [](int64_t every, int64_t offset, const TimeZone* zone, int64_t time) {
    const WindowRange range = window_at({every, offset}, zone, time);
    return Ends(range.begin_ns, range.end_ns);
  };
  EXPECT_EQ(window(10, 0, nullptr, 25), Ends(20, 30));
  EXPECT_EQ(window(10, 0, nullptr, -1), Ends(-10, 0));
  EXPECT_EQ(window(10, 3, nullptr, 2), Ends(-7, 3));
  const TimeZone* berlin = find_time_zone("Europe/Berlin");
  // The day on which the clock goes forward has 23 hours.
  const int64_t noon = parse_time("2020-03-29 12:00:00", berlin)->to_ns();
  const auto [begin, end] = window(24 * kHour, 0, berlin, noon);
  EXPECT_EQ(begin, parse_time("2020-03-29", berlin)->to_ns());
  EXPECT_EQ(end, parse_time("2020-03-30", berlin)->to_ns());
  EXPECT_EQ(end - begin, 23 * kHour);
}

TEST(TypeCheck, KnowsWhatGoesTogether) {
  const auto typed = [](std::string_view text) {
    const auto expression = parse_expression(text);
    const auto type = type_of(*expression);
    return type ? std::string(to_string(*type)) : type.error().message;
  };
  EXPECT_EQ(typed("f::float + i::integer"), "float");
  EXPECT_EQ(typed("i::integer / 2"), "integer");
  EXPECT_EQ(typed("mean(i::integer)"), "float");
  EXPECT_EQ(typed("max(i::integer) + 1"), "integer");
  EXPECT_EQ(typed("f::float & 1"),
            "type error: f::float & 1: incompatible types: float and integer");
  EXPECT_EQ(typed("u::unsigned + i::integer"),
            "type error: u::unsigned + i::integer: cannot use + between an integer and unsigned, "
            "an explicit cast is required");
  EXPECT_EQ(typed("x + 1"), "integer") << "nothing is known of x";
}

TEST(FieldNames, NumberWhatRepeats) {
  EXPECT_EQ(unique_names({{"", "v"}, {"", "v"}, {"a", "v"}, {"a", "w"}, {"", "v"}}),
            (std::vector<std::string>{"v", "v_1", "a", "a", "v_2"}));
  EXPECT_EQ(unique_names({{"v", "x"}, {"", "v"}}), (std::vector<std::string>{"v", "v_1"}));
}

TEST(MathFunction, KeepsIntegersWhereItCan) {
  EXPECT_EQ(apply(MathFunction::kAbs, Value(int64_t{-5}), Value()), Value(int64_t{5}));
  EXPECT_EQ(apply(MathFunction::kRound, Value(-2.5), Value()), Value(-3.0));
  EXPECT_EQ(apply(MathFunction::kPow, Value(int64_t{2}), Value(int64_t{3})), Value(8.0));
  EXPECT_EQ(apply(MathFunction::kSin, Value(std::string("x")), Value()), Value());
}

}  // namespace
}  // namespace varve::influxql
