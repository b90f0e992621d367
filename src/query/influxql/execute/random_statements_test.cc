// SPDX-License-Identifier: Apache-2.0
// Random statements, many of them nonsense, through parser, planner and executor together: each is
// answered or refused in words, none ends the program, takes more memory than allowed, or gives
// another answer when it is asked again as its own printed text. VARVE_STATEMENTS=N asks N of them.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "query/influxql/ast_text.h"
#include "query/influxql/execute/test_database.h"
#include "query/influxql/parser.h"

namespace varve::influxql {
namespace {

class Author {
 public:
  explicit Author(uint64_t seed) : random_(seed) {}

  std::string statement() {
    std::string text = one_in(12) ? show() : select(0);
    if (one_in(6)) damage(text);
    return text;
  }

 private:
  template <size_t N>
  std::string any(const std::array<std::string_view, N>& words) {
    return std::string(words[random_.next_u64() % N]);
  }
  bool one_in(uint64_t n) { return random_.next_u64() % n == 0; }
  uint64_t below(uint64_t n) { return random_.next_u64() % n; }

  std::string name() {
    return any(std::to_array<std::string_view>(
        {"v", "v", "i", "ok", "s", "host", "region", "used", "nope", "time", "x", "max",
         "\"v\""}));
  }
  std::string number() {
    return any(std::to_array<std::string_view>(
        {"0", "1", "-1", "2", "10", "0.5", "-2.5", "1e300", "9223372036854775807", "3u", "100",
         "9223372036854775808", "1e-300", "7"}));
  }
  std::string duration() {
    return any(std::to_array<std::string_view>(
        {"1s", "2s", "5s", "7s", "10s", "1m", "1h", "1d", "1w", "1mo", "1y", "0s", "1ns", "-5s",
         "100ms", "300d"}));
  }
  std::string text() {
    return any(std::to_array<std::string_view>(
        {"'a'", "'b'", "''", "'x y'", "'2020-01-01T00:00:00Z'", "'1970-01-01'", "'é'", "'%'"}));
  }
  std::string function() {
    return any(std::to_array<std::string_view>(
        {"count", "sum", "mean", "min", "max", "first", "last", "spread", "stddev", "median",
         "mode", "distinct", "percentile", "top", "bottom", "sample", "integral", "derivative",
         "non_negative_derivative", "difference", "non_negative_difference", "moving_average",
         "cumulative_sum", "elapsed", "holt_winters", "holt_winters_with_fit", "abs", "sqrt", "log",
         "pow", "round", "floor", "atan2", "ln", "exp", "exponential_moving_average",
         "relative_strength_index", "chande_momentum_oscillator", "kaufmans_efficiency_ratio",
         "triple_exponential_derivative", "nope"}));
  }

  std::string call(int depth) {
    std::string out = function() + "(";
    out += one_in(8) ? "*" : one_in(12) ? "/v|i/" : one_in(4) ? call_or_name(depth + 1) : name();
    while (one_in(3)) out += ", " + (one_in(3) ? name() : one_in(3) ? duration() : number());
    return out + ")";
  }
  std::string call_or_name(int depth) { return depth < 4 && one_in(2) ? call(depth) : name(); }

  std::string expression(int depth) {
    switch (depth > 3 ? below(3) : below(9)) {
      case 0: return name();
      case 1: return number();
      case 2: return call_or_name(depth);
      case 3: return "(" + expression(depth + 1) + ")";
      case 4: return "-" + expression(depth + 1);
      case 5: return name() + any(std::to_array<std::string_view>(
                                  {"::float", "::integer", "::string", "::tag", "::field",
                                   "::boolean", "::unsigned"}));
      default:
        return expression(depth + 1) +
               any(std::to_array<std::string_view>(
                   {" + ", " - ", " * ", " / ", " % ", " & ", " | ", " ^ "})) +
               expression(depth + 1);
    }
  }

  std::string condition(int depth) {
    const auto op = [&] {
      return any(std::to_array<std::string_view>({" = ", " != ", " < ", " <= ", " > ", " >= "}));
    };
    switch (depth > 2 ? below(5) : below(8)) {
      case 0: return name() + op() + text();
      case 1: return name() + op() + number();
      case 2: return "time" + op() + (one_in(2) ? number() + "s" : "now() - " + duration());
      case 3: return name() + (one_in(2) ? " =~ " : " !~ ") + (one_in(5) ? "/(a|b)*/" : "/^a|x/");
      case 4: return expression(3) + op() + expression(3);
      case 5: return "(" + condition(depth + 1) + ")";
      default:
        return condition(depth + 1) + (one_in(3) ? " OR " : " AND ") + condition(depth + 1);
    }
  }

  std::string source(int depth) {
    if (depth < 4 && one_in(4)) return "(" + select(depth + 1) + ")";
    return any(std::to_array<std::string_view>(
        {"cpu", "cpu", "cpu", "mem", "/.*/", "nope", "db.autogen.cpu", "db..mem", "other..cpu"}));
  }

  std::string dimensions() {
    std::string out = " GROUP BY ";
    const auto one = [&] {
      switch (below(5)) {
        case 0: return std::string("*");
        case 1: return name();
        case 2: return std::string("/ho/");
        default: return "time(" + duration() + (one_in(4) ? ", " + duration() : "") + ")";
      }
    };
    out += one();
    while (one_in(3)) out += ", " + one();
    return out;
  }

  std::string select(int depth) {
    std::string out = "SELECT ";
    out += one_in(6) ? "*" : one_in(10) ? "/v|s/" : expression(1);
    while (one_in(3)) {
      out += ", " + expression(1) + (one_in(4) ? " AS x" : "");
    }
    out += " FROM " + source(depth);
    while (one_in(6)) out += ", " + source(depth);
    if (one_in(2)) out += " WHERE " + condition(0);
    if (one_in(2)) out += dimensions();
    if (one_in(4)) {
      out += " fill(" + any(std::to_array<std::string_view>(
                            {"none", "null", "previous", "linear", "0", "-1.5", "x"})) + ")";
    }
    if (one_in(5)) out += one_in(2) ? " ORDER BY time DESC" : " ORDER BY time";
    if (one_in(5)) out += " LIMIT " + number();
    if (one_in(8)) out += " OFFSET " + number();
    if (one_in(10)) out += " SLIMIT 1 SOFFSET " + number();
    if (one_in(12)) out += " TZ('America/New_York')";
    return out;
  }

  std::string show() {
    std::string out = any(std::to_array<std::string_view>(
        {"SHOW SERIES", "SHOW TAG KEYS", "SHOW TAG VALUES WITH KEY = host",
         "SHOW TAG VALUES FROM cpu WITH KEY =~ /.*/", "SHOW FIELD KEYS", "SHOW MEASUREMENTS",
         "SHOW SERIES EXACT CARDINALITY", "SHOW TAG KEY CARDINALITY", "EXPLAIN ANALYZE " }));
    if (out.starts_with("EXPLAIN")) return out + select(1);
    if (one_in(2)) out += " WHERE " + condition(1);
    if (one_in(3)) out += " LIMIT " + number();
    return out;
  }

  void damage(std::string& out) {
    const size_t at = below(out.size());
    if (one_in(2)) {
      out.erase(at, 1 + below(6));
    } else {
      out.insert(at, any(std::to_array<std::string_view>(
                         {"(", ")", ",", "'", "\"", "/", " SELECT ", "*", ";", "\\", "\x80",
                          "::"})));
    }
  }

  SeededRandom random_;
};

uint64_t statement_count() {
  const char* wanted = std::getenv("VARVE_STATEMENTS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 20'000;
}

// Samples are drawn anew, and analyses measure.
bool is_repeatable(std::string_view text) {
  return text.find("sample") == text.npos && !text.starts_with("EXPLAIN");
}

TEST(RandomStatements, AreAnsweredOrRefused) {
  TestDatabase& database = shared_database();
  database.options().windows_max = 500;
  database.options().memory_bytes_max = 16 << 20;
  uint64_t answered = 0;
  const uint64_t count = statement_count();
  for (uint64_t seed = 1; seed <= count; ++seed) {
    const std::string text = Author(seed).statement();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text);
    const std::string answer = database.run(text);
    const bool is_refused = answer.starts_with("refused: ");
    ASSERT_TRUE(!is_refused || answer.size() > 10) << answer;
    answered += !is_refused && answer.find("error: ") == answer.npos;
    if (is_refused || !is_repeatable(text)) continue;
    const auto parsed = parse_query(text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    ASSERT_EQ(database.run(to_string(*parsed)), answer) << to_string(*parsed);
  }
  database.options() = {};
  EXPECT_GT(answered, count / 20) << "most of them do not even ask something";
  RecordProperty("answered", static_cast<int>(answered));
}

}  // namespace
}  // namespace varve::influxql
