// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "query/influxql/execute/evaluate.h"
#include "query/influxql/execute/merge_order.h"
#include "query/influxql/execute/simplex_search.h"
#include "query/influxql/execute/test_database.h"
#include "query/influxql/parser.h"

namespace varve::influxql {
namespace {

TestDatabase& rising_values() {
  static TestDatabase* const database = [] {
    auto* made = new TestDatabase;
    for (int i = 0; i < 6; ++i) {
      made->write("s v=" + std::to_string(i + 1) + ",i=" + std::to_string(i % 3) + "i " +
                  std::to_string(i * 10));
    }
    return made;
  }();
  return *database;
}

TEST(TechnicalIndicators, WarmUpAndHoldBack) {
  const auto answers = [](std::string_view statement, std::string_view expected) {
    EXPECT_EQ(rising_values().run(statement), expected) << statement;
  };
  answers("SELECT exponential_moving_average(v, 3, -1, 'simple') FROM s",
          "s time,exponential_moving_average: 20,2 30,3 40,4 50,5");
  answers("SELECT exponential_moving_average(v, 1, 0) FROM s LIMIT 2",
          "s time,exponential_moving_average: 0,1 10,2");
  answers("SELECT double_exponential_moving_average(v, 2, -1, 'simple') FROM s",
          "s time,double_exponential_moving_average: 20,3 30,4 40,5 50,6");
  answers("SELECT triple_exponential_moving_average(v, 1) FROM s LIMIT 2",
          "s time,triple_exponential_moving_average: 0,1 10,2");
  answers("SELECT relative_strength_index(v, 2) FROM s",
          "s time,relative_strength_index: 20,100 30,100 40,100 50,100");
  answers("SELECT chande_momentum_oscillator(v, 3) FROM s",
          "s time,chande_momentum_oscillator: 20,100 30,100 40,100 50,100");
  answers("SELECT chande_momentum_oscillator(i, 3, 4, 'none') FROM s",
          "s time,chande_momentum_oscillator: 40,0 50,0");
  answers("SELECT kaufmans_efficiency_ratio(v, 2) FROM s",
          "s time,kaufmans_efficiency_ratio: 20,1 30,1 40,1 50,1");
  answers("SELECT kaufmans_adaptive_moving_average(v, 2) FROM s LIMIT 1",
          "s time,kaufmans_adaptive_moving_average: 20,2.444444444444444");
  answers("SELECT triple_exponential_derivative(v, 1) FROM s LIMIT 2",
          "s time,triple_exponential_derivative: 10,100 20,50");
  answers("SELECT exponential_moving_average(mean(v), 2) FROM s WHERE time >= 0 AND time < 60s "
          "GROUP BY time(20s)",
          "s time,exponential_moving_average: 20,2.833333333333333 40,4.611111111111111");
}

TEST(HoltWinters, GoesOnAsTheValuesDid) {
  const std::string answer = rising_values().run(
      "SELECT holt_winters(max(v), 2, 0) FROM s WHERE time >= 0 AND time < 60s GROUP BY time(10s)");
  EXPECT_EQ(answer.substr(0, 22), "s time,holt_winters: 6");
  EXPECT_EQ(std::count(answer.begin(), answer.end(), ','), 3) << answer;
  EXPECT_EQ(rising_values().run("SELECT holt_winters(max(v), 2000000, 0) FROM s WHERE time >= 0 "
                                "AND time < 60s GROUP BY time(10s)"),
            "error: cannot forecast more than 1000000 points, got 2000000");
}

TEST(Functions, RefuseTypesInTheWordsOfInfluxDB) {
  EXPECT_EQ(shared_database().run("SELECT exponential_moving_average(ok, 2) FROM cpu"),
            "error: unsupported exponential moving average iterator type: "
            "*query.booleanInterruptIterator");
  EXPECT_EQ(shared_database().run("SELECT difference(first(s)) FROM cpu WHERE time >= 0 AND time < "
                                  "40s GROUP BY time(10s)"),
            "error: unsupported difference iterator type: *query.stringInterruptIterator");
}

TEST(SimplexSearch, FindsTheLeastValue) {
  const Minimum minimum = simplex_search(
      [](std::vector<double>& place) {
        return std::pow(place[0] - 1, 2) + std::pow(place[1] + 2, 2);
      },
      {5, 5}, 1e-12);
  EXPECT_NEAR(minimum.place[0], 1, 1e-4);
  EXPECT_NEAR(minimum.place[1], -2, 1e-4);
}

TEST(MergeOrder, TakesEveryRowOnceAndInOrderOfTime) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 100; ++round) {
    std::vector<int64_t> times;
    std::vector<uint32_t> streams;
    const size_t stream_count = 1 + random() % 5;
    int64_t time = 0;
    for (size_t i = 0; i < random() % 50; ++i) {
      times.push_back(time);
      streams.push_back(static_cast<uint32_t>(random() % stream_count));
      if (random() % 3 == 0) ++time;
    }
    auto order = merge_order(times, streams, stream_count, true, [](size_t, size_t) {
      return false;
    });
    for (size_t i = 1; i < order.size(); ++i) ASSERT_LE(times[order[i - 1]], times[order[i]]);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order.size(), times.size());
    for (size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], i);
  }
}

TEST(UnstableOrder, SortsWhateverTheInputLooksLike) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<int64_t> values(random() % 400);
    const int shape = round % 5;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto place = static_cast<int64_t>(i);
      const auto noise = static_cast<int64_t>(random() % 7);
      values[i] = shape == 0   ? place
                  : shape == 1 ? -place
                  : shape == 2 ? noise
                  : shape == 3 ? place % 13
                               : static_cast<int64_t>(random());
    }
    auto order = unstable_order(values.size(),
                                [&](size_t a, size_t b) { return values[a] < values[b]; });
    for (size_t i = 1; i < order.size(); ++i) ASSERT_LE(values[order[i - 1]], values[order[i]]);
    std::sort(order.begin(), order.end());
    for (size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], i);
  }
}

/// Computes an expression over f = [1.5, -, 4], i = [7, -3, -], t = ["x", -, "y"], b = [1, 0, -].
std::string evaluated(std::string_view text, IntegerDivision division = IntegerDivision::kFloat) {
  ColumnVector f(ValueType::kFloat64), i(ValueType::kInt64), t(ValueType::kString);
  ColumnVector b(ValueType::kBool);
  f.append_f64(1.5), f.pad_to(2), f.append_f64(4);
  i.append_i64(7), i.append_i64(-3), i.pad_to(3);
  t.append_string("x"), t.pad_to(2), t.append_string("y");
  b.append_bool(true), b.append_bool(false), b.pad_to(3);
  const std::vector<ColumnView> inputs = {f.view(), i.view(), t.view(), b.view()};
  const auto input_of = [](const Expression& expression) -> std::optional<size_t> {
    const size_t place = std::string("fitb").find(expression.as<Variable>()->name);
    return place == std::string::npos ? std::nullopt : std::optional(place);
  };
  const RowExpression row = make_row_expression(*parse_expression(text), input_of);
  const Evaluated result = evaluate(row, inputs, 3, division);
  std::string words;
  for (size_t k = 0; k < 3; ++k) {
    const Value value = result.view.at(k);
    words += k == 0 ? "" : " ";
    if (const auto* f64 = std::get_if<double>(&value)) {
      words += std::to_string(*f64).substr(0, 5);
    } else if (const auto* i64 = std::get_if<int64_t>(&value)) {
      words += std::to_string(*i64);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
      words += *flag ? "true" : "false";
    } else {
      words += "-";
    }
  }
  return words;
}

TEST(Evaluate, FollowsTheRulesForMissingValuesAndTypes) {
  EXPECT_EQ(evaluated("f + i"), "8.500 - -");
  EXPECT_EQ(evaluated("i * 2 + 1"), "15 -5 -");
  EXPECT_EQ(evaluated("i / 2"), "3.500 -1.50 -");
  EXPECT_EQ(evaluated("i / 2", IntegerDivision::kCut), "3 -1 -");
  EXPECT_EQ(evaluated("f / 0"), "0.000 - 0.000");
  EXPECT_EQ(evaluated("i % 0"), "0 0 -");
  EXPECT_EQ(evaluated("i & 1"), "1 1 -");
  EXPECT_EQ(evaluated("f > 2"), "false false true");
  EXPECT_EQ(evaluated("f != 2"), "true false true") << "nothing is unequal to nothing";
  EXPECT_EQ(evaluated("t = 'x'"), "true false false");
  EXPECT_EQ(evaluated("t =~ /[xy]/"), "true false true");
  EXPECT_EQ(evaluated("t > 'a'"), "false false false");
  EXPECT_EQ(evaluated("b = true OR f > 2"), "true false true");
  EXPECT_EQ(evaluated("f = 'x'"), "false false false");
  EXPECT_EQ(evaluated("nosuch + 1"), "- - -");
  EXPECT_EQ(evaluated("t + 1"), "- - -");
  EXPECT_EQ(evaluated("abs(i)"), "7 3 -");
  EXPECT_EQ(evaluated("pow(f, 2)"), "2.250 - 16.00");
  EXPECT_EQ(evaluated("i < 9223372036854775808"), "true true false") << "unsigned beside signed";
}

}  // namespace
}  // namespace varve::influxql
