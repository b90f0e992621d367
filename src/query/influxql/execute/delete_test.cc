// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

constexpr std::string_view kFieldsRefused =
    "error: shard 1: fields not supported in WHERE clause during deletion";

void fill(TestDatabase& database) {
  database.write(R"(cpu,h=a,r=x v=1 0
cpu,h=a,r=x v=2 10
cpu,h=b,r=x v=3 0
cpu,h=c v=4 20
mem,h=a v=5i 0
mem v=6i 30)");
}

/// What is left of `fill` after a statement.
std::string left_by(std::string_view statement) {
  TestDatabase database;
  fill(database);
  const std::string answer = database.run(statement);
  if (!answer.empty()) return answer;
  return database.run("SELECT v, h FROM /.*/ ORDER BY time ASC");
}

TEST(Delete, TakesTheRowsThatTagsAndTimeSay) {
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE h = 'a'"),
            "cpu time,v,h: 0,3,'b' 20,4,'c'; mem time,v,h: 0,5,'a' 30,6,null");
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE time < 10s"),
            "cpu time,v,h: 10,2,'a' 20,4,'c'; mem time,v,h: 0,5,'a' 30,6,null");
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE time <= 10s AND h = 'a'"),
            "cpu time,v,h: 0,3,'b' 20,4,'c'; mem time,v,h: 0,5,'a' 30,6,null");
  EXPECT_EQ(left_by("DELETE WHERE time = 0"), "cpu time,v,h: 10,2,'a' 20,4,'c'; mem time,v,h: "
                                              "30,6,null");
  EXPECT_EQ(left_by("DELETE FROM /^c/ WHERE r = ''"),
            "cpu time,v,h: 0,1,'a' 0,3,'b' 10,2,'a'; mem time,v,h: 0,5,'a' 30,6,null");
  EXPECT_EQ(left_by("DELETE FROM cpu, mem WHERE h !~ /a|b/"),
            "cpu time,v,h: 0,1,'a' 0,3,'b' 10,2,'a'; mem time,v,h: 0,5,'a'");
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE nosuch = ''"), "mem time,v,h: 0,5,'a' 30,6,null");
  EXPECT_EQ(left_by("DELETE FROM mem WHERE time < now() - 980s"),
            "cpu time,v,h: 0,1,'a' 0,3,'b' 10,2,'a' 20,4,'c'; mem time,v,h: 30,6,null");
}

TEST(Delete, TakesRowsByTheirFieldsToo) {
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE v > 2"),
            "cpu time,v,h: 0,1,'a' 10,2,'a'; mem time,v,h: 0,5,'a' 30,6,null");
  EXPECT_EQ(left_by("DELETE WHERE v = 5 OR h = 'c'"),
            "cpu time,v,h: 0,1,'a' 0,3,'b' 10,2,'a'; mem time,v,h: 30,6,null");
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE v = 'x'"), left_by("DELETE FROM nosuch"))
      << "no number is a text";
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE v + 1 > 2"),
            "error: shard 1: expressions not supported in WHERE clause during deletion");
}

// InfluxDB takes all series that have both, and for != those that have the first alone.
TEST(Delete, OfTwoTagsIsRefusedUnlessNoSeriesHasOneOfThem) {
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE h = r"),
            "error: shard 1: expressions not supported in WHERE clause during deletion");
  EXPECT_EQ(left_by("DROP SERIES FROM cpu WHERE h != r"),
            "error: shard 1: fields not supported in WHERE clause during deletion");
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE h = nosuch"), left_by("DELETE FROM nosuch"));
}

TEST(Delete, DoesNotTakeAFieldForATagWhereItHoldsNothing) {
  TestDatabase database;
  database.write("m,h=a v=1 0\nm,h=b s=\"q\" 0\nm,h=c s=\"p\" 700000");
  EXPECT_EQ(database.run("DELETE FROM m WHERE s != 'p' AND time < 10s"), "");
  EXPECT_EQ(database.run("SELECT v, s FROM m"), "m time,v,s: 0,1,null 700000,null,'p'");
  EXPECT_EQ(database.run("DELETE FROM m WHERE s != 'p' AND time < 10s"), "") << "once more";
  EXPECT_EQ(database.run("SELECT v, s FROM m"), "m time,v,s: 0,1,null 700000,null,'p'");
  EXPECT_EQ(database.run("DELETE FROM m WHERE s = 'p'; DELETE FROM m WHERE s != 'p'"), " | ");
  EXPECT_EQ(database.run("DELETE FROM m WHERE s = '' OR s !~ /p/"), "");
  EXPECT_EQ(database.run("SELECT v, h FROM m"), "m time,v,h: 0,1,'a'");
  database.write("m,s=x v=2 0");
  EXPECT_EQ(database.run("DELETE FROM m WHERE s = 'x'"), "") << "a tag now";
  EXPECT_EQ(database.run("SELECT v, h FROM m"), "m time,v,h: 0,1,'a'");
}

TEST(Delete, RefusesAsInfluxDbDoes) {
  EXPECT_EQ(left_by("DELETE FROM cpu WHERE time < 10s AND time > 'x'"),
            "error: invalid operation: time and *influxql.StringLiteral are not compatible");
  EXPECT_EQ(left_by("DELETE FROM db..cpu"), "refused: database not supported at line 1, char 1");
  EXPECT_EQ(left_by("DELETE FROM autogen.cpu, nosuch.mem"),
            "error: mixed retention policies not supported, wanted \"autogen\" got \"nosuch\"");
  TestDatabase database;
  EXPECT_EQ(database.run("DELETE FROM cpu", {}), "error: database not found: ");
  EXPECT_EQ(database.run("DROP SERIES FROM cpu", {.database = "x"}),
            "error: database not found: x");
}

TEST(Delete, CoversEveryPolicyUnlessOneIsNamed) {
  const auto left = [](std::string_view statement) {
    TestDatabase database;
    EXPECT_EQ(database.run("CREATE RETENTION POLICY p ON db DURATION INF REPLICATION 1"), "");
    database.write("m v=1 0");
    database.write("m v=2 0\nm v=3 10", "p");
    EXPECT_EQ(database.run(statement), "");
    return database.run("SELECT v FROM m; SELECT v FROM p.m");
  };
  EXPECT_EQ(left("DELETE FROM m WHERE time = 0"), " | m time,v: 10,3");
  EXPECT_EQ(left("DELETE FROM p.m"), "m time,v: 0,1 | ");
  EXPECT_EQ(left("DELETE FROM nosuch.m"), "m time,v: 0,1 | m time,v: 0,2 10,3");
  EXPECT_EQ(left("DROP SERIES FROM m"), " | ");
}

TEST(Delete, TakesSeriesMeasurementsAndFieldKeysOutOfEveryList) {
  TestDatabase database;
  fill(database);
  const auto lists = [&] {
    return database.run("SHOW MEASUREMENTS; SHOW SERIES; SHOW FIELD KEYS; SHOW TAG KEYS");
  };
  EXPECT_EQ(database.run("DELETE FROM cpu WHERE h = 'c'; DELETE FROM mem WHERE h = ''"), " | ");
  EXPECT_EQ(lists(), "measurements name: 'cpu' 'mem' |  key: 'cpu,h=a,r=x' 'cpu,h=b,r=x' 'mem,h=a' "
                     "| cpu fieldKey,fieldType: 'v','float'; mem fieldKey,fieldType: "
                     "'v','integer' | cpu tagKey: 'h' 'r'; mem tagKey: 'h'");
  EXPECT_EQ(database.run("DELETE FROM cpu"), "");
  EXPECT_EQ(lists(), "measurements name: 'mem' |  key: 'mem,h=a' | mem fieldKey,fieldType: "
                     "'v','integer' | mem tagKey: 'h'");
}

TEST(DropSeries, TakesWholeSeriesByTheirTags) {
  EXPECT_EQ(left_by("DROP SERIES FROM cpu WHERE h = 'a' AND r = 'x'"),
            "cpu time,v,h: 0,3,'b' 20,4,'c'; mem time,v,h: 0,5,'a' 30,6,null");
  EXPECT_EQ(left_by("DROP SERIES WHERE h != 'a'"),
            "cpu time,v,h: 0,1,'a' 10,2,'a'; mem time,v,h: 0,5,'a'");
  EXPECT_EQ(left_by("DROP SERIES FROM cpu, mem"), "");
  EXPECT_EQ(left_by("DROP SERIES FROM cpu WHERE v > 2"), kFieldsRefused);
  EXPECT_EQ(left_by("DROP SERIES FROM cpu WHERE time > 0"),
            "error: DROP SERIES doesn't support time in WHERE clause");
  EXPECT_EQ(left_by("DROP SERIES FROM autogen.cpu"),
            "refused: retention policy not supported at line 1, char 1");
}

TEST(DropShard, TakesASegmentAndItsRecord) {
  TestDatabase database;
  database.write("m v=1 0\nm v=2 700000\nn v=3 0");
  EXPECT_EQ(database.run("DROP SHARD 1"), "");
  EXPECT_EQ(database.run("SELECT v FROM m, n"), "m time,v: 700000,2");
  EXPECT_EQ(database.run("SHOW MEASUREMENTS"), "measurements name: 'm'");
  EXPECT_EQ(database.catalog().snapshot()->database("db")->policy("autogen")->segments.size(), 1u);
  EXPECT_EQ(database.run("DROP SHARD 1"), "error: shard not found");
  EXPECT_EQ(database.run("DROP SHARD 4294967298"), "error: shard not found");
  database.write("m v=4i 0");
  EXPECT_EQ(database.run("SELECT v FROM m"), "m time,v: 0,4 700000,2") << "times can be used again";
}

TEST(DropMeasurement, TakesItInEveryPolicy) {
  TestDatabase database;
  EXPECT_EQ(database.run("CREATE RETENTION POLICY p ON db DURATION INF REPLICATION 1"), "");
  database.write("m v=1 0\nn v=1 0");
  database.write("m v=2 0", "p");
  EXPECT_EQ(database.run("DROP MEASUREMENT m; DROP MEASUREMENT nosuch"), " | ");
  EXPECT_EQ(database.run("SELECT v FROM m; SELECT v FROM p.m; SHOW MEASUREMENTS"),
            " |  | measurements name: 'n'");
  EXPECT_EQ(database.run("DROP MEASUREMENT m", {}), "error: database not found: ");
}

}  // namespace
}  // namespace varve::influxql
