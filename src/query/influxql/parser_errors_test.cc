// SPDX-License-Identifier: Apache-2.0
// The words of errors. Users and client libraries compare them, so they are InfluxDB's to the
// letter and to the position.
#include <gtest/gtest.h>

#include "query/influxql/parser.h"

namespace varve::influxql {
namespace {

void refuses(std::string_view text, std::string_view message) {
  const auto parsed = parse_query(text);
  ASSERT_FALSE(parsed) << text;
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput) << text;
  EXPECT_EQ(parsed.error().message, message) << text;
}

TEST(ParserErrors, SaysWhichStatementsThereAre) {
  refuses("SELEC v FROM m",
          "found SELEC, expected SELECT, DELETE, SHOW, CREATE, DROP, EXPLAIN, GRANT, REVOKE, "
          "ALTER, SET, KILL at line 1, char 1");
  refuses("INSERT INTO m",
          "found INSERT, expected SELECT, DELETE, SHOW, CREATE, DROP, EXPLAIN, GRANT, REVOKE, "
          "ALTER, SET, KILL at line 1, char 1");
  refuses("123",
          "found 123, expected SELECT, DELETE, SHOW, CREATE, DROP, EXPLAIN, GRANT, REVOKE, "
          "ALTER, SET, KILL at line 1, char 1");
  refuses("'text'",
          "found text, expected SELECT, DELETE, SHOW, CREATE, DROP, EXPLAIN, GRANT, REVOKE, "
          "ALTER, SET, KILL at line 1, char 1");
  refuses("SHOW",
          "found EOF, expected CONTINUOUS, DATABASES, DIAGNOSTICS, FIELD, GRANTS, "
          "MEASUREMENT, MEASUREMENTS, QUERIES, RETENTION, SERIES, SHARD, SHARDS, STATS, "
          "SUBSCRIPTIONS, TAG, USERS at line 1, char 6");
  refuses("SHOW DATABASE",
          "found DATABASE, expected CONTINUOUS, DATABASES, DIAGNOSTICS, FIELD, GRANTS, "
          "MEASUREMENT, MEASUREMENTS, QUERIES, RETENTION, SERIES, SHARD, SHARDS, STATS, "
          "SUBSCRIPTIONS, TAG, USERS at line 1, char 6");
  refuses("CREATE",
          "found EOF, expected CONTINUOUS, DATABASE, USER, RETENTION, SUBSCRIPTION at line 1, "
          "char 8");
  refuses("DROP x",
          "found x, expected CONTINUOUS, DATABASE, MEASUREMENT, RETENTION, SERIES, SHARD, "
          "SUBSCRIPTION, USER at line 1, char 6");
  refuses("ALTER", "found EOF, expected RETENTION at line 1, char 7");
  refuses("ALTER DATABASE x", "found DATABASE, expected RETENTION at line 1, char 7");
  refuses("SET PASSWORD", "found EOF, expected FOR at line 1, char 14");
  refuses("KILL 5", "found 5, expected QUERY at line 1, char 6");
  refuses("SHOW RETENTION", "found EOF, expected POLICIES at line 1, char 16");
  refuses("SHOW GRANTS", "found EOF, expected FOR at line 1, char 13");
  refuses("GRANT", "found EOF, expected READ, WRITE, ALL [PRIVILEGES] at line 1, char 7");
  refuses("EXPLAIN SHOW DATABASES", "found SHOW, expected SELECT at line 1, char 9");
  refuses("SHOW DATABASES SHOW USERS", "found SHOW, expected ; at line 1, char 16");
}

TEST(ParserErrors, PointsAtWhatIsWrongInSelect) {
  refuses("select", "found EOF, expected identifier, string, number, bool at line 1, char 8");
  refuses("SELECT * m", "found m, expected FROM at line 1, char 10");
  refuses("SELECT v,", "found EOF, expected identifier, string, number, bool at line 1, char 11");
  refuses("SELECT v, FROM m",
          "found FROM, expected identifier, string, number, bool at line 1, char 11");
  refuses("SELECT v AS 5 FROM m", "found 5, expected identifier at line 1, char 13");
  refuses("SELECT v AS FROM m", "found FROM, expected identifier at line 1, char 13");
  refuses("SELECT mean( FROM m",
          "found FROM, expected identifier, string, number, bool at line 1, char 14");
  refuses("SELECT mean(v)) FROM m", "found ), expected FROM at line 1, char 15");
  refuses("SELECT v ** 2 FROM m", "found 2, expected FROM at line 1, char 13");
  refuses("SELECT !v FROM m",
          "found !, expected identifier, string, number, bool at line 1, char 8");
  refuses("SELECT v FROM", "found EOF, expected identifier at line 1, char 15");
  refuses("SELECT v FROM 'm'", "found m, expected identifier at line 1, char 14");
  refuses("SELECT v FROM m,", "found EOF, expected identifier at line 1, char 18");
  refuses("SELECT v FROM m n", "found n, expected ; at line 1, char 17");
  refuses("SELECT v FROM m.", "found EOF, expected identifier at line 1, char 18");
  refuses("SELECT v FROM a.b.c.d", "too many segments in \"a\".\"b\".\"c\".d at line 1, char 1");
  refuses("SELECT v FROM a..b.\"c d\"",
          "too many segments in \"a\"..\"b\".\"c d\" at line 1, char 1");
  refuses("SELECT v FROM (SHOW DATABASES)", "found SHOW, expected SELECT at line 1, char 16");
  refuses("SELECT v FROM (SELECT v FROM m", "found EOF, expected ) at line 1, char 32");
  refuses("SELECT v INTO FROM m", "found FROM, expected identifier at line 1, char 15");
  refuses("SELECT v INTO :MEASUREMENT FROM m", "found :, expected identifier at line 1, char 15");
  refuses("SELECT v INTO a.:x FROM m", "found x, expected MEASUREMENT at line 1, char 18");
  refuses("SELECT v FROM m /x/", "found  , expected regex at line 1, char 16");
  refuses("SELECT v FROM m LIMIT 1 GROUP BY host", "found GROUP, expected ; at line 1, char 25");
  refuses("SELECT v FROM m LIMIT 1.5", "found 1.5, expected integer at line 1, char 23");
  refuses("SELECT v FROM m LIMIT -1", "found -, expected integer at line 1, char 23");
  refuses("SELECT v FROM m OFFSET", "found EOF, expected integer at line 1, char 24");
  refuses("SELECT v FROM m\nWHERE\n  v >< 5",
          "found <, expected identifier, string, number, bool at line 3, char 6");
}

TEST(ParserErrors, PointsAtWhatIsWrongInConditions) {
  refuses("SELECT v FROM m WHERE",
          "found EOF, expected identifier, string, number, bool at line 1, char 23");
  refuses("SELECT v FROM m WHERE a =",
          "found EOF, expected identifier, string, number, bool at line 1, char 26");
  refuses("SELECT v FROM m WHERE = 1",
          "found =, expected identifier, string, number, bool at line 1, char 23");
  refuses("SELECT v FROM m WHERE a = 1 AND",
          "found EOF, expected identifier, string, number, bool at line 1, char 33");
  refuses("SELECT v FROM m WHERE a = 1 b = 2", "found b, expected ; at line 1, char 29");
  refuses("SELECT v FROM m WHERE a IN (1)", "found IN, expected ; at line 1, char 25");
  refuses("SELECT v FROM m WHERE (a = 1", "found EOF, expected ) at line 1, char 29");
  refuses("SELECT v FROM m WHERE time > now( - 1h", "found EOF, expected ) at line 1, char 39");
  refuses("SELECT v FROM m WHERE a = /x/",
          "found /, expected identifier, string, number, bool at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ 'x'", "found x, expected regex at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /x", "bad regex:  at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /x[/",
          "error parsing regexp: missing closing ]: `[` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /(x/",
          "error parsing regexp: missing closing ): `(x` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /x)/",
          "error parsing regexp: unexpected ): `x)` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /*/",
          "error parsing regexp: missing argument to repetition operator: `*` at line 1, char "
          "27");
  refuses("SELECT v FROM m WHERE a =~ /a**/",
          "error parsing regexp: invalid nested repetition operator: `**` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /a\\", "bad regex:  at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /\\8/",
          "error parsing regexp: invalid escape sequence: `\\8` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /a{2,1}/",
          "error parsing regexp: invalid repeat count: `{2,1}` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /[b-a]/",
          "error parsing regexp: invalid character class range: `b-a` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /(?i/",
          "error parsing regexp: invalid or unsupported Perl syntax: `(?i` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /[[:foo:]]/",
          "error parsing regexp: invalid character class range: `[:foo:]` at line 1, char 27");
  refuses("SELECT v FROM m WHERE a =~ /(?P<n/",
          "error parsing regexp: invalid named capture: `(?P<n` at line 1, char 27");
}

TEST(ParserErrors, RefusesRegularExpressionsThatWouldTakeMinutes) {
  const auto times = [](size_t count, std::string_view text) {
    std::string all;
    for (size_t i = 0; i < count; ++i) all += text;
    return all;
  };
  const auto asked = [](const std::string& pattern) {
    return "SELECT v FROM m WHERE a =~ /" + pattern + "/";
  };
  refuses(asked(times(100'000, "a?")),
          "error parsing regexp: expression too large: `" + times(50, "a?") +
              "` at line 1, char 27");
  refuses(asked(times(50'000, "(") + times(50'000, ")")),
          "error parsing regexp: expression nests too deeply: `" + times(100, "(") +
              "` at line 1, char 27");
  EXPECT_TRUE(parse_query(asked("^(" + times(10'000, "server-7.example|") + "x)$")));
  EXPECT_TRUE(parse_query(asked(times(5'000, "(?:a)[*+]\\?"))));
}

TEST(ParserErrors, RefusesLiteralsThatAreNone) {
  refuses("SELECT v FROM m WHERE v > 1e10", "invalid duration");
  refuses("SELECT v FROM m WHERE time > now() - 1x", "invalid duration");
  refuses("SELECT v FROM m WHERE time > 16000w",
          "overflowed duration 16000w: choose a smaller duration or INF");
  refuses("SELECT v FROM m WHERE v > 1.2.3", "found .3, expected ; at line 1, char 30");
  refuses("SELECT v FROM m WHERE v = 18446744073709551616",
          "unable to parse integer at line 1, char 27");
  refuses("SELECT v FROM m WHERE v = -18446744073709551615",
          "constant -18446744073709551615 underflows int64");
  refuses("SELECT v FROM m WHERE v = '\\q'",
          "found \\q, expected identifier, string, number, bool at line 1, char 29");
  refuses("SELECT 'new", "found new, expected identifier, string, number, bool at line 1, char 7");
  refuses("SELECT é FROM m",
          "found é, expected identifier, string, number, bool at line 1, char 8");
  refuses("SELECT v /* open", "found ILLEGAL, expected FROM at line 1, char 10");
  refuses("SELECT - 'x' FROM m",
          "found x, expected identifier, number, duration, ( at line 1, char 9");
  refuses("SELECT v::foo FROM m",
          "found foo, expected float, integer, unsigned, string, boolean, field, tag at line "
          "1, char 11");
  refuses("SELECT v:: FROM m",
          "found  , expected float, integer, string, boolean, field, tag at line 1, char 11");
  refuses("SELECT v::5 FROM m",
          "found 5, expected float, integer, string, boolean, field, tag at line 1, char 11");
  refuses("SELECT *::foo FROM m", "found foo, expected field, tag at line 1, char 11");
  refuses("SELECT v:float FROM m", "found :, expected FROM at line 1, char 9");
  refuses("SELECT count(DISTINCT) FROM m", "found ), expected (, identifier at line 1, char 22");
  refuses("SELECT DISTINCT 5 FROM m", "found 5, expected identifier at line 1, char 17");
  refuses("SELECT limit FROM m",
          "found LIMIT, expected identifier, string, number, bool at line 1, char 8");
}

TEST(ParserErrors, RefusesConditionsAsColumns) {
  refuses("SELECT f > g FROM m",
          "invalid operator > in SELECT clause at line 1, char 8; operator is intended for "
          "WHERE clause");
  refuses("SELECT a, (f = g) + 1 FROM m",
          "invalid operator = in SELECT clause at line 1, char 11; operator is intended for "
          "WHERE clause");
  refuses("SELECT max(f AND g) FROM m",
          "invalid operator AND in SELECT clause at line 1, char 8; operator is intended for "
          "WHERE clause");
  refuses("SELECT (f > 1) + (g < 2) FROM m",
          "invalid operator < in SELECT clause at line 1, char 8; operator is intended for "
          "WHERE clause");
}

TEST(ParserErrors, PointsAtWhatIsWrongInGroupByFillOrderAndTz) {
  refuses("SELECT v FROM m GROUP", "found EOF, expected BY at line 1, char 23");
  refuses("SELECT v FROM m GROUP BY",
          "found EOF, expected identifier, string, number, bool at line 1, char 26");
  refuses("SELECT v FROM m GROUP BY a,",
          "found EOF, expected identifier, string, number, bool at line 1, char 29");
  refuses("SELECT mean(v) FROM m GROUP BY time(1mo)", "invalid duration");
  refuses("SELECT mean(v) FROM m GROUP BY time(1y)", "invalid duration");
  refuses("SELECT v FROM m fill", "fill must be a function call");
  refuses("SELECT v FROM m fill()",
          "fill requires an argument, e.g.: 0, null, none, previous, linear");
  refuses("SELECT v FROM m fill(1, 2)",
          "fill requires an argument, e.g.: 0, null, none, previous, linear");
  refuses("SELECT v FROM m fill(foo)", "expected number argument in fill()");
  refuses("SELECT v FROM m fill('x')", "expected number argument in fill()");
  refuses("SELECT v FROM m fill(NONE)", "expected number argument in fill()");
  refuses("SELECT v FROM m fill(none", "found EOF, expected ) at line 1, char 27");
  refuses("SELECT v FROM m ORDER", "found EOF, expected BY at line 1, char 23");
  refuses("SELECT v FROM m ORDER time", "found time, expected BY at line 1, char 23");
  refuses("SELECT v FROM m ORDER BY",
          "found EOF, expected identifier, ASC, DESC at line 1, char 26");
  refuses("SELECT v FROM m ORDER BY v", "only ORDER BY time supported at this time");
  refuses("SELECT v FROM m ORDER BY time, host", "only ORDER BY time supported at this time");
  refuses("SELECT v FROM m tz", "tz must be a function call");
  refuses("SELECT v FROM m tz(",
          "found EOF, expected identifier, string, number, bool at line 1, char 21");
  refuses("SELECT v FROM m tz()", "tz requires exactly one argument");
  refuses("SELECT v FROM m tz(UTC)", "expected string argument in tz()");
  refuses("SELECT v FROM m tz('a', 'b')", "tz requires exactly one argument");
  refuses("SELECT v FROM m tz('Nowhere/City')", "unable to find time zone Nowhere/City");
}

TEST(ParserErrors, PointsAtWhatIsWrongInShow) {
  refuses("SHOW MEASUREMENTS ON 5", "found 5, expected identifier or * at line 1, char 22");
  refuses("SHOW MEASUREMENTS ON db.5", "found .5, expected ; at line 1, char 24");
  refuses("SHOW MEASUREMENTS WITH x", "found x, expected MEASUREMENT at line 1, char 24");
  refuses("SHOW MEASUREMENTS WITH MEASUREMENT != x",
          "found !=, expected =, =~ at line 1, char 36");
  refuses("SHOW TAG VALUES", "found EOF, expected WITH at line 1, char 17");
  refuses("SHOW TAG VALUES WITH KEY", "found EOF, expected IN, =, =~ at line 1, char 26");
  refuses("SHOW TAG VALUES WITH KEY < a", "found <, expected IN, =, =~ at line 1, char 26");
  refuses("SHOW TAG VALUES WITH KEY IN a", "found a, expected ( at line 1, char 29");
  refuses("SHOW TAG VALUES WITH KEY IN (a", "found EOF, expected ) at line 1, char 32");
  refuses("SHOW TAG VALUES WITH KEY =~ a", "found a, expected regex at line 1, char 29");
  refuses("SHOW TAG VALUES EXACT", "found EOF, expected CARDINALITY at line 1, char 23");
  refuses("SHOW TAG KEY", "found EOF, expected EXACT, CARDINALITY at line 1, char 14");
  refuses("SHOW FIELD KEY EXACT", "found EOF, expected CARDINALITY at line 1, char 22");
  refuses("SHOW MEASUREMENT EXACT", "found EOF, expected CARDINALITY at line 1, char 24");
  refuses("SHOW FIELD KEYS WHERE a = 'b'", "found WHERE, expected ; at line 1, char 17");
  refuses("SHOW STATS FOR x", "found x, expected string at line 1, char 16");
  refuses("SHOW SERIES LIMIT x", "found x, expected integer at line 1, char 19");
}

TEST(ParserErrors, PointsAtWhatIsWrongInDefinitions) {
  refuses("CREATE DATABASE", "found EOF, expected identifier at line 1, char 17");
  refuses("CREATE DATABASE IF NOT EXISTS db", "found NOT, expected ; at line 1, char 20");
  refuses("CREATE DATABASE db WITH",
          "found EOF, expected DURATION, NAME, REPLICATION, SHARD, FUTURE, PAST at line 1, "
          "char 25");
  refuses("CREATE DATABASE db WITH SHARD 1h", "found 1h, expected DURATION at line 1, char 31");
  refuses("CREATE DATABASE db WITH DURATION 5", "found 5, expected duration at line 1, char 34");
  refuses("CREATE DATABASE db WITH DURATION 1x", "invalid duration at line 1, char 34");
  refuses("CREATE DATABASE db WITH REPLICATION 0",
          "invalid value 0: must be 1 <= n <= 2147483647 at line 1, char 37");
  refuses("CREATE DATABASE db WITH REPLICATION 99999999999999999999",
          "strconv.Atoi: parsing \"99999999999999999999\": value out of range at line 1, char "
          "37");
  refuses("CREATE RETENTION POLICY p", "found EOF, expected ON at line 1, char 27");
  refuses("CREATE RETENTION POLICY p ON db REPLICATION 1",
          "found REPLICATION, expected DURATION at line 1, char 33");
  refuses("CREATE RETENTION POLICY p ON db DURATION 1d",
          "found EOF, expected REPLICATION at line 1, char 44");
  refuses("CREATE RETENTION POLICY p ON db DURATION 1h REPLICATION 1 SHARD DURATION INF",
          "invalid duration INF for shard duration at line 1, char 74");
  refuses("CREATE RETENTION POLICY p ON db DURATION 1h REPLICATION 1 FUTURE 1h",
          "found 1h, expected LIMIT at line 1, char 66");
  refuses("ALTER RETENTION POLICY p ON db",
          "found EOF, expected DURATION, REPLICATION, SHARD, DEFAULT, FUTURE, PAST at line 1, "
          "char 32");
  refuses("ALTER RETENTION POLICY p ON db DURATION 1d DURATION 2d",
          "found duplicate DURATION option at line 1, char 44");
  refuses("ALTER RETENTION POLICY 5 ON db", "found 5, expected identifier at line 1, char 24");
  refuses("DELETE", "found EOF, expected FROM, WHERE at line 1, char 8");
  refuses("DELETE FROM db..m", "database not supported at line 1, char 1");
  refuses("DROP SERIES FROM rp.m", "retention policy not supported at line 1, char 1");
  refuses("DROP SERIES FROM db..m", "database not supported at line 1, char 1");
  refuses("DROP SERIES", "found EOF, expected FROM, WHERE at line 1, char 13");
  refuses("DROP MEASUREMENT /m/", "found /, expected identifier at line 1, char 18");
  refuses("DROP SHARD x", "found x, expected integer at line 1, char 12");
  refuses("DROP SHARD 99999999999999999999",
          "strconv.ParseUint: parsing \"99999999999999999999\": value out of range at line 1, "
          "char 12");
  refuses("CREATE CONTINUOUS QUERY c ON db BEGIN SELECT mean(v) INTO t FROM m END",
          "found m, expected GROUP BY time(...) at line 1, char 66");
  refuses("CREATE CONTINUOUS QUERY c ON db BEGIN SELECT mean(v) INTO t FROM m GROUP BY "
          "time('x') END",
          "found ), expected GROUP BY time(...), time dimension must have duration argument "
          "at line 1, char 85");
  refuses("CREATE CONTINUOUS QUERY c ON db BEGIN SELECT v FROM m END",
          "found FROM, expected INTO at line 1, char 48");
  refuses("CREATE CONTINUOUS QUERY c ON db BEGIN SELECT mean(v) INTO t FROM m GROUP BY "
          "time(5m)",
          "found EOF, expected END at line 1, char 85");
  refuses("CREATE CONTINUOUS QUERY c ON db RESAMPLE BEGIN",
          "found BEGIN, expected EVERY, FOR at line 1, char 42");
  refuses("CREATE CONTINUOUS QUERY c ON db RESAMPLE EVERY 5 BEGIN",
          "found 5, expected duration at line 1, char 48");
  refuses("CREATE CONTINUOUS QUERY c ON db RESAMPLE FOR 1m BEGIN SELECT mean(v) INTO t FROM m "
          "GROUP BY time(5m) END",
          "FOR duration must be >= GROUP BY time duration: must be a minimum of 5m, got 1m");
  refuses("CREATE CONTINUOUS QUERY c ON db RESAMPLE EVERY 10m FOR 5m BEGIN SELECT mean(v) "
          "INTO t FROM m GROUP BY time(1m) END",
          "FOR duration must be >= GROUP BY time duration: must be a minimum of 10m, got 5m");
  refuses("CREATE SUBSCRIPTION s ON db", "found EOF, expected . at line 1, char 29");
  refuses("CREATE SUBSCRIPTION s ON db.rp DESTINATIONS x",
          "found x, expected ALL, ANY at line 1, char 45");
  refuses("CREATE SUBSCRIPTION s ON db.rp DESTINATIONS ALL x",
          "found x, expected string at line 1, char 49");
  refuses("DROP SUBSCRIPTION s ON db", "found EOF, expected . at line 1, char 27");
  refuses("KILL QUERY x", "found x, expected integer at line 1, char 12");
}

TEST(ParserErrors, PointsAtWhatIsWrongInUsersAndGrants) {
  refuses("CREATE USER u", "found EOF, expected WITH at line 1, char 15");
  refuses("CREATE USER u WITH PASSWORD \"pw\"", "found pw, expected string at line 1, char 29");
  refuses("CREATE USER u WITH PASSWORD 'pw' WITH ALL",
          "found EOF, expected PRIVILEGES at line 1, char 43");
  refuses("SET PASSWORD FOR u", "found EOF, expected = at line 1, char 20");
  refuses("SET PASSWORD FOR u = pw", "found pw, expected string at line 1, char 22");
  refuses("GRANT READ TO u", "found TO, expected ON at line 1, char 12");
  refuses("GRANT READ ON db", "found EOF, expected TO at line 1, char 18");
  refuses("GRANT ALL", "found EOF, expected ON, TO at line 1, char 11");
  refuses("REVOKE ALL", "found EOF, expected ON, FROM at line 1, char 12");
  refuses("REVOKE READ FROM u", "found FROM, expected ON at line 1, char 13");
  refuses("REVOKE WRITE ON db", "found EOF, expected FROM at line 1, char 20");
}

TEST(ParserErrors, RefusesParametersWithoutValue) {
  refuses("SELECT v FROM m WHERE a = $", "empty bound parameter");
  refuses("SELECT v FROM m WHERE a = $b", "missing parameter: b");
  refuses("SELECT v FROM m LIMIT $b", "found $b, expected integer at line 1, char 23");
}

TEST(ParserErrors, WantsARegexWhereAParameterIsAString) {
  const Parameters parameters{{"h", std::string("a")}};
  const auto parsed =
      parse_query("SELECT usage FROM cpu WHERE host =~ $h", {.parameters = &parameters});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "found a, expected regex at line 1, char 37");
}

TEST(ParserErrors, PointsAtWhatIsWrongInMaterializedViews) {
  refuses("CREATE MATERIALIZED x", "found x, expected VIEW at line 1, char 21");
  refuses("SHOW MATERIALIZED VIEW", "found VIEW, expected VIEWS at line 1, char 19");
  refuses("CREATE MATERIALIZED VIEW v AS SELECT", "found AS, expected ON at line 1, char 28");
  refuses("CREATE MATERIALIZED VIEW v ON db WITH x AS",
          "found x, expected BACKFILL at line 1, char 39");
  refuses("CREATE MATERIALIZED VIEW v ON db AS SELECT mean(f) FROM m GROUP BY time(1h)",
          "found FROM, expected INTO at line 1, char 52");
  refuses("CREATE MATERIALIZED VIEW v ON db AS SELECT mean(f) INTO t FROM m GROUP BY host",
          "found host, expected GROUP BY time(...) at line 1, char 75");
  constexpr std::string_view kOne =
      "a materialized view reads exactly one measurement, given by its name";
  refuses("CREATE MATERIALIZED VIEW v ON db AS SELECT mean(f) INTO t FROM /m/ GROUP BY time(1h)",
          kOne);
  refuses("CREATE MATERIALIZED VIEW v ON db AS SELECT mean(f) INTO t FROM m, n GROUP BY time(1h)",
          kOne);
  refuses("CREATE MATERIALIZED VIEW v ON db AS SELECT mean(f) INTO t FROM (SELECT f FROM m) "
          "GROUP BY time(1h)",
          kOne);
}

}  // namespace
}  // namespace varve::influxql
