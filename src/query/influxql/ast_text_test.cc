// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/ast_text.h"

#include <gtest/gtest.h>

#include <string>

#include "query/influxql/parser.h"

namespace varve::influxql {
namespace {

// Parses, prints, parses that and prints again.
void prints(std::string_view text, std::string_view expected) {
  const auto parsed = parse_query(text);
  ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
  const std::string printed = to_string(*parsed);
  EXPECT_EQ(printed, expected);
  const auto again = parse_query(printed);
  ASSERT_TRUE(again) << printed << ": " << again.error().message;
  EXPECT_EQ(to_string(*again), printed);
}

void stays(std::string_view text) { prints(text, text); }

TEST(AstText, PrintsSelectAsInfluxDoes) {
  stays("SELECT * FROM cpu");
  stays("SELECT f, g AS h, *::tag, /re/ FROM db.rp.cpu, db..mem, rp.disk, /x\\/y/, db.rp./z/");
  stays("SELECT mean(f) INTO db.rp.t FROM cpu WHERE host = 'a' AND time > now() - 1h "
        "GROUP BY time(1m, 5s), host, * fill(none) ORDER BY time DESC LIMIT 1 OFFSET 2 SLIMIT 3 "
        "SOFFSET 4 TZ('Europe/Berlin')");
  stays("SELECT mean(f) INTO db..:MEASUREMENT FROM /.*/");
  stays("SELECT mean(f) INTO rp.:MEASUREMENT FROM /.*/");
  stays("SELECT mean(f) INTO db.rp.:MEASUREMENT FROM /.*/");
  stays("SELECT max(m) FROM (SELECT mean(f) AS m FROM cpu GROUP BY host)");
  stays("SELECT DISTINCT f FROM m");
  stays("SELECT count(DISTINCT f) FROM m");
  stays("SELECT f FROM m ORDER BY DESC");
  prints("select F , g::FLOAT from \"cpu\" order by time",
         "SELECT F, g::float FROM cpu ORDER BY time ASC");
  prints("SELECT MEAN(f)FROM m LIMIT 0", "SELECT mean(f) FROM m");
  prints("SELECT f FROM m tz('')", "SELECT f FROM m TZ('UTC')");
  prints("SELECT -f FROM m", "SELECT -1 * f FROM m");
  prints("SELECT f FROM m WHERE a <> 1", "SELECT f FROM m WHERE a != 1");
  prints("EXPLAIN  ANALYZE VERBOSE SELECT f FROM m", "EXPLAIN ANALYZE VERBOSE SELECT f FROM m");
}

TEST(AstText, PrintsFill) {
  stays("SELECT mean(f) FROM m GROUP BY time(1m) fill(linear)");
  stays("SELECT mean(f) FROM m GROUP BY time(1m) fill(previous)");
  stays("SELECT mean(f) FROM m GROUP BY time(1m) fill(-5)");
  stays("SELECT mean(f) FROM m GROUP BY time(1m) fill(1.5)");
  prints("SELECT mean(f) FROM m GROUP BY time(1m) fill(1000000.0)",
         "SELECT mean(f) FROM m GROUP BY time(1m) fill(1000000)");
  prints("SELECT mean(f) FROM m GROUP BY time(1m) fill(null)",
         "SELECT mean(f) FROM m GROUP BY time(1m)");
}

TEST(AstText, PrintsLiterals) {
  const auto is = [](std::string_view text, std::string_view expected) {
    const auto parsed = parse_expression(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(to_string(*parsed), expected);
  };
  is("1.0", "1.0");
  is("1.50", "1.5");
  is("100000000000000000000.0", "100000000000000000000.0");
  is("18446744073709551615", "18446744073709551615");
  is("TRUE", "true");
  is("90s", "90s");
  is("60s", "1m");
  is("1500u", "1500u");
  is(R"('a\'b\\c\n')", R"('a\'b\\c\n')");
  is("\"select\"", "\"select\"");
  is("\"a\\\"b\"", "\"a\\\"b\"");
  is("\"\"", "\"\"");
  is("a.b", "\"a.b\"");
  is("f::integer & 1", "f::integer & 1");
  EXPECT_EQ(to_string(Expression{NilLiteral{}}), "nil");
  EXPECT_EQ(to_string(Expression{TimeLiteral{1577836800'500'000'000}}), "'2020-01-01T00:00:00.5Z'");
  EXPECT_EQ(to_string(Expression{TimeLiteral{-1}}), "'1969-12-31T23:59:59.999999999Z'");
}

TEST(AstText, KeepsTheMeaningOfATree) {
  const auto parsed = parse_expression("a / -b");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_string(*parsed), "a / (-1 * b)");
  const Expression sum =
      make_binary(Operator::kAdd, Expression{Variable{"a"}}, Expression{Variable{"b"}});
  EXPECT_EQ(to_string(make_binary(Operator::kMultiply, sum, Expression{IntegerLiteral{2}})),
            "(a + b) * 2");
}

TEST(AstText, PrintsShowStatements) {
  for (const std::string_view text :
       {"SHOW DATABASES", "SHOW RETENTION POLICIES ON db", "SHOW RETENTION POLICIES",
        "SHOW MEASUREMENTS", "SHOW MEASUREMENTS ON *.*", "SHOW MEASUREMENTS ON db.*",
        "SHOW MEASUREMENTS ON db.rp WITH MEASUREMENT = m WHERE a = 'b' ORDER BY time ASC LIMIT 1 "
        "OFFSET 2",
        "SHOW MEASUREMENTS WITH MEASUREMENT =~ /m/",
        "SHOW SERIES ON db FROM m, /n/ WHERE a = 'b' ORDER BY ASC LIMIT 1 OFFSET 2",
        "SHOW TAG KEYS ON db FROM m WITH KEY = host WHERE a = 'b' LIMIT 1 OFFSET 2 SLIMIT 3 "
        "SOFFSET 4",
        "SHOW TAG KEYS WITH KEY =~ /h/", "SHOW TAG VALUES ON db FROM m WITH KEY IN (a, \"b c\")",
        "SHOW TAG VALUES WITH KEY != a WHERE b = 'c' LIMIT 1 OFFSET 2",
        "SHOW TAG VALUES WITH KEY !~ /a/", "SHOW FIELD KEYS ON db FROM m LIMIT 1 OFFSET 2",
        "SHOW SERIES EXACT CARDINALITY ON db FROM m WHERE a = 'b' GROUP BY c LIMIT 1 OFFSET 2",
        "SHOW SERIES CARDINALITY", "SHOW MEASUREMENT CARDINALITY ON db",
        "SHOW MEASUREMENT EXACT CARDINALITY", "SHOW TAG KEY CARDINALITY",
        "SHOW TAG KEY EXACT CARDINALITY", "SHOW TAG VALUES EXACT CARDINALITY WITH KEY = a",
        "SHOW TAG VALUES CARDINALITY FROM m WITH KEY = a", "SHOW FIELD KEY CARDINALITY",
        "SHOW FIELD KEY EXACT CARDINALITY", "SHOW CONTINUOUS QUERIES", "SHOW MATERIALIZED VIEWS",
        "SHOW MATERIALIZED VIEWS ON db", "SHOW USERS", "SHOW GRANTS FOR u", "SHOW QUERIES",
        "SHOW SHARDS", "SHOW SHARD GROUPS", "SHOW SUBSCRIPTIONS", "SHOW STATS",
        "SHOW STATS FOR 'x'", "SHOW DIAGNOSTICS", "SHOW DIAGNOSTICS FOR 'x'"}) {
    stays(text);
  }
}

TEST(AstText, PrintsDefinitions) {
  for (const std::string_view text :
       {"CREATE DATABASE \"a b\"",
        "CREATE DATABASE db WITH DURATION 24h0m0s REPLICATION 1 SHARD DURATION 1h0m0s FUTURE LIMIT "
        "1h PAST LIMIT 2h NAME p",
        "DROP DATABASE db",
        "CREATE RETENTION POLICY p ON db DURATION 1d REPLICATION 1 SHARD DURATION 1h DEFAULT "
        "FUTURE LIMIT 1h PAST LIMIT 2h",
        "CREATE RETENTION POLICY p ON db DURATION 0s REPLICATION 1",
        "ALTER RETENTION POLICY p ON db DURATION 1d REPLICATION 1 SHARD DURATION 1h DEFAULT FUTURE "
        "LIMIT 1h PAST LIMIT 2h",
        "ALTER RETENTION POLICY \"default\" ON db DEFAULT", "DROP RETENTION POLICY p ON db",
        "DELETE FROM m, /n/ WHERE time < '2020-01-01'", "DELETE FROM rp.m", "DELETE WHERE a = 'b'",
        "DROP SERIES FROM m", "DROP SERIES WHERE a = 'b'", "DROP MEASUREMENT m", "DROP SHARD 5",
        "CREATE CONTINUOUS QUERY c ON db RESAMPLE EVERY 1m FOR 2m BEGIN SELECT mean(v) INTO t FROM "
        "m GROUP BY time(1m) END",
        "CREATE CONTINUOUS QUERY c ON db BEGIN SELECT v INTO t FROM m END",
        "DROP CONTINUOUS QUERY c ON db",
        "CREATE MATERIALIZED VIEW v ON db AS SELECT mean(v) INTO t FROM m GROUP BY time(1h)",
        "CREATE MATERIALIZED VIEW v ON db WITH NO BACKFILL AS SELECT mean(v) INTO t FROM m GROUP "
        "BY time(1h), *",
        "DROP MATERIALIZED VIEW v ON db", "DROP MATERIALIZED VIEW v",
        "CREATE SUBSCRIPTION s ON db.rp DESTINATIONS ANY 'a', 'b'",
        "DROP SUBSCRIPTION s ON db.rp", "KILL QUERY 5", "KILL QUERY 5 ON \"h:8088\"",
        "DROP USER u", "GRANT READ ON db TO u", "GRANT ALL PRIVILEGES ON db TO u",
        "GRANT ALL PRIVILEGES TO u", "REVOKE WRITE ON db FROM u", "REVOKE ALL PRIVILEGES FROM u"}) {
    stays(text);
  }
  prints("GRANT ALL ON db TO u", "GRANT ALL PRIVILEGES ON db TO u");
}

TEST(AstText, HidesPasswords) {
  const auto is = [](std::string_view text, std::string_view expected) {
    EXPECT_EQ(to_string(*parse_query(text)), expected);
  };
  is("CREATE USER u WITH PASSWORD 'secret'", "CREATE USER u WITH PASSWORD [REDACTED]");
  is("CREATE USER u WITH PASSWORD 'secret' WITH ALL PRIVILEGES",
     "CREATE USER u WITH PASSWORD [REDACTED] WITH ALL PRIVILEGES");
  is("SET PASSWORD FOR u = 'secret'", "SET PASSWORD FOR u = [REDACTED]");
}

TEST(AstText, JoinsStatements) {
  EXPECT_EQ(to_string(*parse_query("SHOW USERS;SHOW SHARDS")), "SHOW USERS;\nSHOW SHARDS");
}

TEST(AstText, PrintsWhatReadsBackWhereInfluxWouldNot) {
  stays("SELECT \"a b\"(f) FROM m");
  stays("SELECT \"select\"(f) FROM m");
  stays("SELECT DISTINCT \"a b\" FROM m");
  stays("SELECT f FROM \"\"");
  stays("SELECT f INTO \"\" FROM m");
  stays("SHOW MEASUREMENTS ON \"a b\".\"c d\"");
  stays("CREATE DATABASE db WITH DURATION 1500ms");
  prints("SELECT a\"b c\"() FROM m\"\"", "SELECT \"b c\"() FROM \"\"");
}

}  // namespace
}  // namespace varve::influxql
