// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/parser.h"

#include <gtest/gtest.h>

#include <pthread.h>

#include <string>

#include "query/influxql/ast_text.h"

namespace varve::influxql {
namespace {

template <class S>
S parse_one(std::string_view text) {
  auto statements = parse_query(text);
  EXPECT_TRUE(statements) << text << ": " << statements.error().message;
  if (!statements || statements->size() != 1) return {};
  auto* statement = std::get_if<S>(&statements->front());
  EXPECT_NE(statement, nullptr) << text;
  return statement != nullptr ? *statement : S{};
}

Expression expression(std::string_view text) {
  auto parsed = parse_expression(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed ? *parsed : Expression{NilLiteral{}};
}

Expression variable(std::string name) { return Expression{Variable{std::move(name)}}; }
Expression integer(int64_t value) { return Expression{IntegerLiteral{value}}; }

// All parentheses that the precedence implies.
std::string grouped(const Expression& e) {
  const auto* binary = e.as<Binary>();
  if (binary == nullptr) return to_string(e);
  return "(" + grouped(*binary->left) + " " + std::string(to_string(binary->op)) + " " +
         grouped(*binary->right) + ")";
}

TEST(Parser, ReadsSeveralStatementsAndSkipsEmptyOnes) {
  EXPECT_EQ(parse_query("SHOW DATABASES; ;SHOW USERS;")->size(), 2u);
  EXPECT_EQ(parse_query(";")->size(), 0u);
  EXPECT_EQ(parse_query("")->size(), 0u);
  EXPECT_EQ(parse_query(" -- nothing\n /* at all */ ")->size(), 0u);
}

TEST(Parser, ReadsAllClausesOfSelect) {
  const auto select = parse_one<SelectStatement>(
      "SELECT mean(v) AS m, *::field INTO db.rp.:MEASUREMENT FROM cpu, rp.mem, db..disk, db.rp./d/ "
      "WHERE host = 'a' GROUP BY time(1m, 5s), host, *, /r/ fill(previous) ORDER BY time DESC "
      "LIMIT 1 OFFSET 2 SLIMIT 3 SOFFSET 4 tz('Europe/Berlin')");
  ASSERT_EQ(select.fields.size(), 2u);
  EXPECT_EQ(select.fields[0].alias, "m");
  EXPECT_EQ(select.fields[0].expression, (Expression{Call{"mean", {variable("v")}}}));
  EXPECT_EQ(select.fields[1].expression, (Expression{Wildcard{Wildcard::Kind::kFields}}));
  EXPECT_EQ(select.target, (Target{{"db", "rp", "", {}}, true}));
  ASSERT_EQ(select.sources.size(), 4u);
  EXPECT_EQ(select.sources[0], Source(Measurement{"", "", "cpu", {}}));
  EXPECT_EQ(select.sources[1], Source(Measurement{"", "rp", "mem", {}}));
  EXPECT_EQ(select.sources[2], Source(Measurement{"db", "", "disk", {}}));
  EXPECT_EQ(select.sources[3], Source(Measurement{"db", "rp", "", RegexLiteral{"d"}}));
  EXPECT_EQ(select.condition,
            make_binary(Operator::kEqual, variable("host"), Expression{StringLiteral{"a"}}));
  ASSERT_EQ(select.dimensions.size(), 4u);
  EXPECT_TRUE(select.dimensions[0].expression.is<Call>());
  EXPECT_TRUE(select.dimensions[1].expression.is<Variable>());
  EXPECT_TRUE(select.dimensions[2].expression.is<Wildcard>());
  EXPECT_TRUE(select.dimensions[3].expression.is<RegexLiteral>());
  EXPECT_EQ(*group_by_interval(select), 60'000'000'000);
  EXPECT_EQ(select.fill.mode, FillMode::kPrevious);
  EXPECT_FALSE(select.is_ascending());
  EXPECT_EQ(select.limit, 1);
  EXPECT_EQ(select.offset, 2);
  EXPECT_EQ(select.series_limit, 3);
  EXPECT_EQ(select.series_offset, 4);
  EXPECT_EQ(select.time_zone, "Europe/Berlin");
  EXPECT_FALSE(is_raw_query(select));
}

TEST(Parser, ReadsSubqueries) {
  const auto select =
      parse_one<SelectStatement>("SELECT max(m) FROM (SELECT mean(v) AS m FROM cpu GROUP BY host)");
  const auto& inner = *std::get<SubQuery>(select.sources.at(0)).statement;
  EXPECT_EQ(column_name(inner.fields.at(0)), "m");
  EXPECT_EQ(std::get<Measurement>(inner.sources.at(0)).name, "cpu");
}

TEST(Parser, CopiesShareNothing) {
  const auto original = parse_one<SelectStatement>("SELECT f + 1 FROM (SELECT f FROM m)");
  SelectStatement copy = original;
  EXPECT_EQ(copy, original);
  std::get<SubQuery>(copy.sources[0]).statement->limit = 7;
  *copy.fields[0].expression.as<Binary>()->right = integer(2);
  EXPECT_EQ(to_string(original), "SELECT f + 1 FROM (SELECT f FROM m)");
  EXPECT_EQ(to_string(copy), "SELECT f + 2 FROM (SELECT f FROM m LIMIT 7)");
}

TEST(Parser, BindsOperatorsByPrecedenceFromLeftToRight) {
  EXPECT_EQ(grouped(expression("a + b * c - d")), "((a + (b * c)) - d)");
  EXPECT_EQ(grouped(expression("a / b / c % d")), "(((a / b) / c) % d)");
  EXPECT_EQ(grouped(expression("a = 1 AND b = 2 OR c = 3 AND d = 4")),
            "(((a = 1) AND (b = 2)) OR ((c = 3) AND (d = 4)))");
  EXPECT_EQ(grouped(expression("a | b & c ^ d")), "((a | (b & c)) ^ d)");
  EXPECT_EQ(grouped(expression("a > b + 1 AND c =~ /x/")), "((a > (b + 1)) AND (c =~ /x/))");
  EXPECT_EQ(grouped(expression("a <> 1")), "(a != 1)");
}

TEST(Parser, MultipliesByTheSign) {
  EXPECT_EQ(expression("-5"), integer(-5));
  EXPECT_EQ(expression("- 5"), integer(-5));
  EXPECT_EQ(expression("+5"), integer(5));
  EXPECT_EQ(expression("-1.5"), (Expression{NumberLiteral{-1.5}}));
  EXPECT_EQ(expression("-5m"), (Expression{DurationLiteral{-300'000'000'000}}));
  EXPECT_EQ(expression("-f"), make_binary(Operator::kMultiply, integer(-1), variable("f")));
  EXPECT_EQ(grouped(expression("a / -b")), "(a / (-1 * b))");
  EXPECT_EQ(grouped(expression("-(a)")), "(-1 * (a))");
}

TEST(Parser, ReadsWholeNumbersOfAnySize) {
  EXPECT_EQ(expression("9223372036854775807"), integer(INT64_MAX));
  EXPECT_EQ(expression("-9223372036854775808"), integer(INT64_MIN));
  EXPECT_EQ(expression("9223372036854775808"),
            (Expression{UnsignedLiteral{9223372036854775808u}}));
  EXPECT_EQ(expression("18446744073709551615"), (Expression{UnsignedLiteral{UINT64_MAX}}));
}

TEST(Parser, ReadsNamesAndCasts) {
  EXPECT_EQ(expression("a.b"), variable("a.b"));
  EXPECT_EQ(expression("\"a b\".\"select\""), variable("a b.select"));
  EXPECT_EQ(expression("f::float"), (Expression{Variable{"f", DataType::kFloat}}));
  EXPECT_EQ(expression("f::UNSIGNED"), (Expression{Variable{"f", DataType::kUnsigned}}));
  EXPECT_EQ(expression("f::field"), (Expression{Variable{"f", DataType::kAnyField}}));
  EXPECT_EQ(expression("f::tag"), (Expression{Variable{"f", DataType::kTag}}));
  EXPECT_EQ(expression("*::tag"), (Expression{Wildcard{Wildcard::Kind::kTags}}));
  EXPECT_EQ(expression("DISTINCT v"), (Expression{Distinct{"v"}}));
  EXPECT_EQ(expression("DISTINCT(v)"), (Expression{Call{"distinct", {variable("v")}}}));
  EXPECT_EQ(expression("MEAN(v)"), (Expression{Call{"mean", {variable("v")}}}));
  EXPECT_EQ(expression("now()"), (Expression{Call{"now", {}}}));
  EXPECT_EQ(expression("max(/a/, 5)"),
            (Expression{Call{"max", {Expression{RegexLiteral{"a"}}, integer(5)}}}));
}

TEST(Parser, ReadsFill) {
  const auto fill = [](std::string_view text) {
    return parse_one<SelectStatement>("SELECT mean(v) FROM m GROUP BY time(1m) " +
                                      std::string(text))
        .fill;
  };
  EXPECT_EQ(fill(""), (Fill{FillMode::kNull}));
  EXPECT_EQ(fill("fill(null)"), (Fill{FillMode::kNull}));
  EXPECT_EQ(fill("FILL(none)"), (Fill{FillMode::kNone}));
  EXPECT_EQ(fill("fill(linear)"), (Fill{FillMode::kLinear}));
  EXPECT_EQ(fill("fill(-5)"), (Fill{FillMode::kNumber, int64_t{-5}}));
  EXPECT_EQ(fill("fill(1.5)"), (Fill{FillMode::kNumber, 1.5}));
}

TEST(Parser, ReadsShowMeasurementsOverDatabasesAndPolicies) {
  const auto all = parse_one<ShowMeasurementsStatement>("SHOW MEASUREMENTS ON *.*");
  EXPECT_TRUE(all.any_database);
  EXPECT_TRUE(all.any_policy);
  const auto one = parse_one<ShowMeasurementsStatement>(
      "SHOW MEASUREMENTS ON db.rp WITH MEASUREMENT =~ /c/ WHERE a = 'b' LIMIT 1 OFFSET 2");
  EXPECT_EQ(one.database, "db");
  EXPECT_EQ(one.policy, "rp");
  EXPECT_EQ(one.measurement->regex, RegexLiteral{"c"});
  EXPECT_EQ(one.limit, 1);
  EXPECT_EQ(one.offset, 2);
}

TEST(Parser, ReadsTagKeyFilters) {
  using Comparison = TagKeyFilter::Comparison;
  const auto key = [](std::string_view text) {
    return parse_one<ShowTagValuesStatement>("SHOW TAG VALUES WITH KEY " + std::string(text)).key;
  };
  EXPECT_EQ(key("= host"), (TagKeyFilter{Comparison::kEqual, {"host"}, {}}));
  EXPECT_EQ(key("!= host"), (TagKeyFilter{Comparison::kNotEqual, {"host"}, {}}));
  EXPECT_EQ(key("IN (a, \"b c\")"), (TagKeyFilter{Comparison::kIn, {"a", "b c"}, {}}));
  EXPECT_EQ(key("=~ /h/"), (TagKeyFilter{Comparison::kMatch, {}, {"h"}}));
  EXPECT_EQ(key("!~ /h/"), (TagKeyFilter{Comparison::kNotMatch, {}, {"h"}}));
}

TEST(Parser, ReadsEveryCardinality) {
  using Subject = ShowCardinalityStatement::Subject;
  const auto is = [](std::string_view text, Subject subject, bool is_exact) {
    const auto statement = parse_one<ShowCardinalityStatement>(text);
    EXPECT_EQ(statement.subject, subject) << text;
    EXPECT_EQ(statement.is_exact, is_exact) << text;
  };
  is("SHOW SERIES CARDINALITY", Subject::kSeries, false);
  is("SHOW SERIES EXACT CARDINALITY ON db FROM m WHERE a = 'b' GROUP BY c LIMIT 1 OFFSET 2",
     Subject::kSeries, true);
  is("SHOW MEASUREMENT CARDINALITY", Subject::kMeasurements, false);
  is("SHOW MEASUREMENT EXACT CARDINALITY", Subject::kMeasurements, true);
  is("SHOW TAG KEY CARDINALITY", Subject::kTagKeys, false);
  is("SHOW TAG KEY EXACT CARDINALITY", Subject::kTagKeys, true);
  is("SHOW TAG VALUES CARDINALITY WITH KEY = a", Subject::kTagValues, false);
  is("SHOW TAG VALUES EXACT CARDINALITY WITH KEY = a", Subject::kTagValues, true);
  is("SHOW FIELD KEY CARDINALITY", Subject::kFieldKeys, false);
  is("SHOW FIELD KEY EXACT CARDINALITY", Subject::kFieldKeys, true);
}

TEST(Parser, ReadsRetentionPolicies) {
  constexpr int64_t kHour = 3'600'000'000'000;
  EXPECT_EQ(parse_one<CreateRetentionPolicyStatement>(
                "CREATE RETENTION POLICY p ON db DURATION INF REPLICATION 2 SHARD DURATION 1h "
                "DEFAULT FUTURE LIMIT 2h PAST LIMIT 3h"),
            (CreateRetentionPolicyStatement{"p", "db", 0, 2, kHour, true, 2 * kHour, 3 * kHour}));
  const auto altered = parse_one<AlterRetentionPolicyStatement>(
      "ALTER RETENTION POLICY default ON db DEFAULT SHARD DURATION 1h REPLICATION 1");
  EXPECT_EQ(altered.name, "default");
  EXPECT_TRUE(altered.is_default);
  EXPECT_EQ(altered.shard_duration_ns, kHour);
  EXPECT_EQ(altered.replication, 1);
  EXPECT_EQ(altered.duration_ns, std::nullopt);
  const auto database = parse_one<CreateDatabaseStatement>("CREATE DATABASE db WITH NAME p");
  EXPECT_TRUE(database.has_policy);
  EXPECT_EQ(database.policy_name, "p");
  EXPECT_EQ(database.duration_ns, std::nullopt);
}

TEST(Parser, ReadsContinuousQueriesAndMaterializedViews) {
  const auto query = parse_one<CreateContinuousQueryStatement>(
      "CREATE CONTINUOUS QUERY c ON db RESAMPLE EVERY 1m FOR 2m BEGIN "
      "SELECT mean(v) INTO t FROM m GROUP BY time(1m) END");
  EXPECT_EQ(query.resample_every_ns, 60'000'000'000);
  EXPECT_EQ(query.resample_for_ns, 120'000'000'000);
  const std::string select = "SELECT mean(v) INTO t FROM m GROUP BY time(1h), *";
  EXPECT_TRUE(parse_one<CreateMaterializedViewStatement>(
                  "CREATE MATERIALIZED VIEW \"v\" ON db AS " + select)
                  .backfill);
  EXPECT_TRUE(parse_one<CreateMaterializedViewStatement>(
                  "CREATE materialized VIEW v ON db WITH BACKFILL AS " + select)
                  .backfill);
  EXPECT_FALSE(parse_one<CreateMaterializedViewStatement>(
                   "CREATE MATERIALIZED VIEW v ON db WITH NO BACKFILL AS " + select)
                   .backfill);
  EXPECT_EQ(parse_one<DropMaterializedViewStatement>("DROP MATERIALIZED VIEW v ON db").name, "v");
  EXPECT_EQ(parse_one<ShowMaterializedViewsStatement>("SHOW MATERIALIZED VIEWS ON db").database,
            "db");
}

TEST(Parser, LeavesTheWordsOfViewsFreeAsNames) {
  EXPECT_TRUE(parse_query("SELECT materialized, view, backfill FROM views WHERE no = 1"));
}

TEST(Parser, PutsParametersInPlaceOfOneWord) {
  Parameters parameters;
  parameters["s"] = std::string("x' OR 1=1 --");
  parameters["i"] = int64_t{-5};
  parameters["f"] = 1.5;
  parameters["b"] = true;
  parameters["id"] = ParameterIdentifier{"a b"};
  parameters["re"] = ParameterRegex{"^a/b"};
  parameters["d"] = ParameterDuration{"5m"};
  const auto becomes = [&](std::string_view text, std::string_view expected) {
    const auto parsed = parse_query(text, {.parameters = &parameters});
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(to_string(*parsed), expected);
  };
  becomes("SELECT v FROM m WHERE h = $s", "SELECT v FROM m WHERE h = 'x\\' OR 1=1 --'");
  becomes("SELECT v FROM m WHERE v > $i AND v < $f AND ok = $b",
          "SELECT v FROM m WHERE v > -5 AND v < 1.5 AND ok = true");
  becomes("SELECT $id FROM $id WHERE h =~ $re GROUP BY time($d)",
          "SELECT \"a b\" FROM \"a b\" WHERE h =~ /^a\\/b/ GROUP BY time(5m)");
  becomes("SELECT $re FROM m", "SELECT /^a\\/b/ FROM m");
  becomes("SELECT v FROM m WHERE v = -$i", "SELECT v FROM m WHERE v = 5");
  becomes("SELECT v FROM m WHERE h = $\"s\"", "SELECT v FROM m WHERE h = 'x\\' OR 1=1 --'");
}

TEST(Parser, BindsJsonValues) {
  const auto text_of = [](const Parameter& parameter) -> std::string {
    Parameters parameters{{"p", parameter}};
    const auto parsed = parse_expression("a = $p", {.parameters = &parameters});
    return parsed ? to_string(*parsed) : parsed.error().message;
  };
  const auto missing = [](const std::string& why) { return "missing parameter: " + why; };
  EXPECT_EQ(text_of(bind_parameter(2.5)), "a = 2.5");
  EXPECT_EQ(text_of(bind_parameter(std::string("x"))), "a = 'x'");
  EXPECT_EQ(text_of(bind_parameter(false)), "a = false");
  EXPECT_EQ(text_of(bind_parameter(std::monostate())),
            missing("unable to bind parameter with type <nil>"));
  EXPECT_EQ(text_of(bind_parameter("identifier", std::string("x y"))), "a = \"x y\"");
  EXPECT_EQ(text_of(bind_parameter("integer", int64_t{7})), "a = 7");
  EXPECT_EQ(text_of(bind_parameter("integer", 7.5)),
            missing("integer literal must be an integer value"));
  EXPECT_EQ(text_of(bind_parameter("number", int64_t{7})), "a = 7.0");
  EXPECT_EQ(text_of(bind_parameter("string", std::string("x"))), "a = 'x'");
  EXPECT_EQ(text_of(bind_parameter("string", true)),
            missing("string literal must be a string value"));
  EXPECT_EQ(text_of(bind_parameter("regex", int64_t{1})),
            missing("regex literal must be a string value"));
  EXPECT_EQ(text_of(bind_parameter("identifier", 1.0)),
            missing("identifier must be a string value"));
  EXPECT_EQ(text_of(bind_parameter("float", true)),
            missing("number literal must be a float value"));
  EXPECT_EQ(text_of(bind_parameter("duration", std::string("5m"))), "a = 5m");
  EXPECT_EQ(text_of(bind_parameter("duration", int64_t{1000})), "a = 1u");
  EXPECT_EQ(text_of(bind_parameter("duration", std::string("x"))), "invalid duration");
  EXPECT_EQ(text_of(bind_parameter("duration", true)),
            missing("duration literal must be a string or integer value"));
  EXPECT_EQ(text_of(bind_parameter("date", true)), missing("unknown bind object type: date"));
  EXPECT_EQ(text_of(bind_list_parameter()),
            missing("unable to bind parameter with type []interface {}"));
  EXPECT_EQ(text_of(bind_wrong_object_parameter()),
            missing("bound object parameter value must have exactly one entry"));
}

// ---- Limits ----

std::string repeat(std::string_view text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

// Runs it on a thread with as small a stack as a server might give.
void on_small_stack(void (*work)()) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, size_t{8} << 20), 0);
  pthread_t thread;
  const auto run = [](void* function) -> void* {
    reinterpret_cast<void (*)()>(function)();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, reinterpret_cast<void*>(work)), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

void expect_refusal(const std::string& text, std::string_view message) {
  const auto parsed = parse_query(text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(parsed.error().message, message);
}

TEST(Parser, RefusesTooDeepNestingInsteadOfOverflowingTheStack) {
  on_small_stack([] {
    constexpr std::string_view kMessage = "query is nested too deeply: more than 1000 levels";
    for (const size_t depth : {size_t{1001}, size_t{10'000}, size_t{1'000'000}}) {
      expect_refusal("SELECT " + repeat("(", depth) + "v" + repeat(")", depth), kMessage);
      expect_refusal("SELECT " + repeat("f(", depth), kMessage);
      expect_refusal("SELECT " + repeat("-(", depth), kMessage);
      expect_refusal("SELECT v FROM " + repeat("(SELECT v FROM ", depth),
                     "subqueries are nested too deeply: more than 100 levels");
    }
  });
}

TEST(Parser, ReadsCopiesAndPrintsWhatIsNestedAsDeeplyAsAllowed) {
  on_small_stack([] {
    const auto survives = [](const std::string& text) {
      const auto parsed = parse_query(text);
      ASSERT_TRUE(parsed) << parsed.error().message;
      const auto copy = *parsed;
      EXPECT_TRUE(copy == *parsed);
      EXPECT_EQ(to_string(copy), text);
    };
    survives("SELECT " + repeat("(", 1000) + "v" + repeat(")", 1000) + " FROM m");
    survives("SELECT " + repeat("f(", 1000) + "v" + repeat(")", 1000) + " FROM m");
    survives(repeat("SELECT v FROM (", 100) + "SELECT v FROM m" + repeat(")", 100));
    survives("SELECT v FROM m WHERE a = 'b'" + repeat(" OR a = 'c'", 4'999));
  });
}

TEST(Parser, RefusesEndlessChainsOfOperators) {
  expect_refusal("SELECT v FROM m WHERE a" + repeat(" + a", 10'001),
                 "expression has too many operators: more than 10000");
  // Each expression has its own count.
  EXPECT_TRUE(parse_query("SELECT v FROM m WHERE a" + repeat(" + a", 10'000) +
                          "; SELECT v FROM m WHERE a" + repeat(" + a", 10'000)));
}

TEST(Parser, TakesItsLimitsFromTheOptions) {
  EXPECT_TRUE(parse_query("SELECT ((v)) FROM m", {.depth_max = 2}));
  EXPECT_FALSE(parse_query("SELECT ((v)) FROM m", {.depth_max = 1}));
  EXPECT_TRUE(parse_query("SELECT v FROM (SELECT v FROM m)", {.subquery_depth_max = 1}));
  EXPECT_FALSE(parse_query("SELECT v FROM (SELECT v FROM m)", {.subquery_depth_max = 0}));
  EXPECT_TRUE(parse_expression("1 + 2 + 3", {.operators_max = 2}));
  EXPECT_FALSE(parse_expression("1 + 2 + 3", {.operators_max = 1}));
}

}  // namespace
}  // namespace varve::influxql
