// SPDX-License-Identifier: Apache-2.0
// SHOW, CREATE, ALTER, DROP, and what holds for a query of several statements.
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

TEST(Show, ListsWhatIsStored) {
  TestDatabase database;
  database.run("CREATE RETENTION POLICY other ON db DURATION 1d REPLICATION 1");
  database.write(R"(cpu,host=a,region=east v=1,w=2i 0
cpu,host=b v=2 10
mem,host=a used=1i,free=2i 0
bare v=1 0)");
  database.write("old,host=z v=1 5", "other");
  const auto answers = [&](std::string_view statement, std::string_view expected) {
    EXPECT_EQ(database.run(statement), expected) << statement;
  };
  answers("SHOW DATABASES", "databases name: 'db'");
  answers("SHOW MEASUREMENTS", "measurements name: 'bare' 'cpu' 'mem' 'old'");
  answers("SHOW MEASUREMENTS LIMIT 1 OFFSET 1", "measurements name: 'cpu'");
  answers("SHOW MEASUREMENTS WITH MEASUREMENT =~ /c|m/", "measurements name: 'cpu' 'mem'");
  answers("SHOW MEASUREMENTS WHERE host = 'a'", "measurements name: 'cpu' 'mem'");
  answers("SHOW MEASUREMENTS WHERE host != 'a'", "measurements name: 'old'");
  answers("SHOW MEASUREMENTS ON nodb", "");
  answers("SHOW MEASUREMENTS ON db.other",
          "measurements name,database,retention policy: 'old','db','other'");
  answers("SHOW SERIES",
          "key: 'bare' 'cpu,host=a,region=east' 'cpu,host=b' 'mem,host=a' 'old,host=z'");
  answers("SHOW SERIES FROM cpu WHERE region = ''", "key: 'cpu,host=b'");
  answers("SHOW SERIES FROM cpu WHERE v > 1", "error: invalid tag comparison operator");
  answers("SHOW TAG KEYS",
          "cpu tagKey: 'host' 'region'; mem tagKey: 'host'; old tagKey: 'host'");
  answers("SHOW TAG KEYS FROM cpu WITH KEY = region", "cpu tagKey: 'region'");
  answers("SHOW TAG VALUES FROM cpu, mem WITH KEY = host",
          "cpu key,value: 'host','a' 'host','b'; mem key,value: 'host','a'");
  answers("SHOW TAG VALUES WITH KEY IN (host, region) WHERE region = 'east'",
          "cpu key,value: 'host','a' 'region','east'");
  answers("SHOW TAG VALUES WITH KEY !~ /host/", "cpu key,value: 'region','east'");
  answers("SHOW FIELD KEYS",
          "bare fieldKey,fieldType: 'v','float'; cpu fieldKey,fieldType: 'v','float' "
          "'w','integer'; mem fieldKey,fieldType: 'free','integer' 'used','integer'");
  answers("SHOW FIELD KEYS FROM db.other.old", "old fieldKey,fieldType: 'v','float'");
  answers("SHOW SERIES CARDINALITY", "cardinality estimation: 5");
  answers("SHOW SERIES EXACT CARDINALITY FROM cpu", "cpu count: 2");
  answers("SHOW SERIES EXACT CARDINALITY FROM cpu GROUP BY host",
          "cpu{host=a} count: 1; cpu{host=b} count: 1");
  answers("SHOW MEASUREMENT EXACT CARDINALITY", "count: 3");
  answers("SHOW TAG KEY CARDINALITY FROM cpu", "cpu count: 2");
  answers("SHOW TAG VALUES CARDINALITY FROM cpu WITH KEY = host", "cpu count: 2");
  answers("SHOW FIELD KEY CARDINALITY FROM cpu", "cpu count: 2");
  answers("SHOW TAG KEYS ON nodb", "error: database not found: nodb");
}

TEST(Show, FollowsSegmentsWhereTimeIsAskedFor) {
  TestDatabase database;
  database.write("cpu,host=a v=1 0\ncpu,host=b v=1 10000000");
  EXPECT_EQ(database.run("SHOW SERIES WHERE time > 9000000s"), "key: 'cpu,host=b'");
  EXPECT_EQ(database.run("SHOW TAG VALUES WITH KEY = host WHERE time < 100s"),
            "cpu key,value: 'host','a'");
  EXPECT_EQ(database.run("SHOW MEASUREMENTS WHERE time > 5s"),
            "error: SHOW MEASUREMENTS doesn't support time in WHERE clause");
}

TEST(Definitions, MakeChangeAndDropDatabasesAndPolicies) {
  TestDatabase database;
  const auto answers = [&](std::string_view statement, std::string_view expected) {
    EXPECT_EQ(database.run(statement), expected) << statement;
  };
  answers("CREATE DATABASE one WITH DURATION 1d REPLICATION 1 SHARD DURATION 1h NAME p", "");
  answers("SHOW RETENTION POLICIES ON one",
          "name,duration,shardGroupDuration,replicaN,futureWriteLimit,pastWriteLimit,default: "
          "'p','24h0m0s','1h0m0s',1,'0s','0s',true");
  answers("CREATE RETENTION POLICY q ON one DURATION INF REPLICATION 1 DEFAULT", "");
  answers("ALTER RETENTION POLICY p ON one DURATION 48h", "");
  answers("SHOW RETENTION POLICIES ON one",
          "name,duration,shardGroupDuration,replicaN,futureWriteLimit,pastWriteLimit,default: "
          "'p','48h0m0s','1h0m0s',1,'0s','0s',false 'q','0s','168h0m0s',1,'0s','0s',true");
  answers("DROP RETENTION POLICY q ON one", "");
  answers("SELECT v FROM one..cpu", "error: retention policy not found: q");
  answers("DROP RETENTION POLICY q ON one", "");
  answers("DROP DATABASE one", "");
  answers("DROP DATABASE one", "");
  answers("SHOW RETENTION POLICIES ON one", "error: database not found: one");
  answers("CREATE RETENTION POLICY r ON db DURATION 1d REPLICATION 1 FUTURE LIMIT 1h",
          "error: not supported yet: FUTURE LIMIT");
}

TEST(Definitions, DropTheRowsTogetherWithTheNames) {
  TestDatabase database;
  database.write("cpu v=1 0\nmem v=1 0");
  EXPECT_EQ(database.store().table_count(), 2u);
  EXPECT_EQ(database.run("DROP MEASUREMENT cpu"), "");
  EXPECT_EQ(database.run("SHOW MEASUREMENTS"), "measurements name: 'mem'");
  EXPECT_EQ(database.store().table_count(), 1u);
  EXPECT_EQ(database.run("DROP DATABASE db"), "");
  EXPECT_EQ(database.store().table_count(), 0u);
}

TEST(Query, StopsAfterTheFirstErrorAndSaysSoOnce) {
  EXPECT_EQ(shared_database().run("SELECT v FROM cpu LIMIT 1; SELECT foo(v) FROM cpu; "
                                  "SELECT v FROM cpu; SELECT v FROM cpu"),
            "cpu time,v: 0,1 | error: undefined function foo() | error: not executed");
  EXPECT_EQ(shared_database().run(";"), "");
}

TEST(Query, WarnsWhenAStatementThatChangesCameOverGet) {
  TestDatabase database;
  EXPECT_EQ(database.run("CREATE DATABASE x", {.database = "db", .is_read_only = true}),
            "[warning: deprecated use of 'CREATE DATABASE x' in a read only context, please use a "
            "POST request instead]");
  EXPECT_EQ(database.run("SHOW DATABASES", {.database = "db", .is_read_only = true}),
            "databases name: 'db' 'x'");
}

TEST(Query, SaysWhatIsNotSupportedYet) {
  EXPECT_EQ(shared_database().run("SHOW MATERIALIZED VIEWS"),
            "error: not supported yet: SHOW MATERIALIZED VIEWS");
}

TEST(Query, EndsWhenItIsCancelled) {
  const auto cancel = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(shared_database().run("SELECT v FROM cpu", {.database = "db", .cancel = cancel}),
            "ended: query interrupted");
}

TEST(Query, EndsGroupByTimeNowUnlessToldOtherwise) {
  TestDatabase database;
  database.write("cpu v=1 980\ncpu v=2 1005");
  EXPECT_EQ(database.run("SELECT sum(v) FROM cpu WHERE time >= 980s GROUP BY time(10s)"),
            "cpu time,sum: 980,1 990,null 1000,null");
  EXPECT_EQ(database.run("SELECT sum(v) FROM cpu WHERE time >= now() - 20s AND time < now() + 10s "
                         "GROUP BY time(20s)"),
            "cpu time,sum: 980,1 1000,2");
}

TEST(Query, KeepsToItsLimits) {
  TestDatabase database;
  database.write("cpu,host=a v=1 0\ncpu,host=b v=2 10");
  database.options().windows_max = 3;
  EXPECT_EQ(
      database.run("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(10s)"),
      "error: max-select-buckets limit exceeded: (4/3)");
  database.options().windows_max = 0;
  database.options().series_max = 1;
  EXPECT_EQ(database.run("SELECT sum(v) FROM cpu"),
            "error: max-select-series limit exceeded: (2/1)");
  database.options().series_max = 0;
  database.options().memory_bytes_max = 10'000'000;
  EXPECT_EQ(database
                .run("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 1d GROUP BY time(1ms)")
                .substr(0, 45),
            "error: query needs more memory than allowed: ");
  EXPECT_EQ(database.run("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 1d "
                         "GROUP BY time(1ms) LIMIT 1"),
            "cpu time,sum: 0,1")
      << "a limit also limits the work";
}

TEST(Query, PushesLimitAndConditionDownToTheStore) {
  TestDatabase database;
  database.write("cpu,host=a v=1,i=5i 0\ncpu,host=a v=2,i=6i 10");
  EXPECT_EQ(database.run("SELECT v FROM cpu WHERE host = 'a' AND v > 0 LIMIT 1"),
            "cpu time,v: 0,1");
  const ScanSpec pushed = database.store().scans().back();
  EXPECT_EQ(pushed.rows_limit, 1u);
  EXPECT_EQ(pushed.order, ScanOrder::kTime);
  EXPECT_EQ(pushed.predicate.kind(), Predicate::Kind::kAnd);
  EXPECT_EQ(database.run("SELECT v FROM cpu WHERE v + i > 7 LIMIT 1"), "cpu time,v: 10,2");
  EXPECT_EQ(database.store().scans().back().rows_limit, 0u) << "rows are dropped afterwards";
}

TEST(Query, TakesAMissingTagForTheEmptyTextInEveryPartOfACondition) {
  TestDatabase database;
  database.write("m,host=a v=1,i=1i 0\nm v=2,i=1i 10\nm,host=b,twin=b v=3,i=1i 20");
  const auto answers = [&](std::string_view statement, std::string_view expected) {
    EXPECT_EQ(database.run(statement), expected) << statement;
  };
  answers("SELECT v FROM m WHERE host = ''", "m time,v: 10,2");
  answers("SELECT v FROM m WHERE v + i > 3 OR host = ''", "m time,v: 10,2 20,3");
  answers("SELECT v FROM m WHERE v + i > 3 OR host != 'a'", "m time,v: 10,2 20,3");
  answers("SELECT v FROM m WHERE v + i > 3 OR nosuch = ''", "m time,v: 0,1 10,2 20,3");
  answers("SELECT v FROM m WHERE host = twin", "m time,v: 20,3");
  answers("SELECT v FROM m WHERE host != twin", "m time,v: 0,1");
}

// The same field may be of several types; the strongest is seen and the numbers are cast to it.
TEST(TypeMixing, SeesTheStrongestTypeOfTheRange) {
  TestDatabase database;
  database.write("m v=1i 0\nm v=2.5 700000\nm v=\"x\" 1400000\nm v=true 2100000");
  const auto answers = [&](std::string_view statement, std::string_view expected) {
    EXPECT_EQ(database.run(statement), expected) << statement;
  };
  answers("SELECT v FROM m", "m time,v: 0,1 700000,2.5");
  answers("SELECT sum(v) FROM m", "m time,sum: 0,3.5");
  answers("SELECT v FROM m WHERE v > 1", "m time,v: 700000,2.5");
  answers("SELECT v::integer FROM m", "m time,v: 0,1 700000,2");
  answers("SELECT v::integer FROM m WHERE v::integer = 2", "m time,v: 700000,2");
  answers("SELECT v::string FROM m", "m time,v: 1400000,'x'");
  answers("SELECT v FROM m WHERE time > 1300000s", "m time,v: 1400000,'x'");
  answers("SHOW FIELD KEYS",
          "m fieldKey,fieldType: 'v','boolean' 'v','float' 'v','integer' 'v','string'");
}

TEST(Query, ReadsLittleForAFewRowsOfManySeries) {
  TestDatabase database;
  for (int i = 0; i < 3000; ++i) {
    database.write("cpu,host=" + std::string(1, static_cast<char>('a' + i % 3)) + " v=" +
                   std::to_string(i) + " " + std::to_string(i * 100));
  }
  EXPECT_EQ(database.run("SELECT v FROM cpu LIMIT 2"), "cpu time,v: 0,0 100,1");
  ASSERT_EQ(database.store().scans().size(), 1u);
  EXPECT_EQ(database.store().scans().back().rows_limit, 4u) << "two rows of a time are two series'";
  EXPECT_EQ(database.run("SELECT v FROM cpu ORDER BY time DESC LIMIT 2"),
            "cpu time,v: 299900,2999 299800,2998");
  ASSERT_EQ(database.store().scans().size(), 2u);
  EXPECT_EQ(database.store().scans().back().rows_limit, 4u);
  EXPECT_EQ(database.run("SELECT v FROM cpu LIMIT 1 OFFSET 2999"), "cpu time,v: 299900,2999");
  EXPECT_EQ(database.run("SELECT count(v) FROM (SELECT v FROM cpu LIMIT 2500)"),
            "cpu time,count: 0,2500");
  database.write("tied,host=a v=1 0\ntied,host=b v=2 0\ntied,host=c v=3 0");
  const size_t before = database.store().scans().size();
  EXPECT_EQ(database.run("SELECT v FROM tied LIMIT 2"), "tied time,v: 0,1 0,3");
  ASSERT_GT(database.store().scans().size(), before + 1) << "more rows tell the order";
  EXPECT_LT(database.store().scans()[before + 1].range.end_ns, 0) << "the segment's first minute";
}

TEST(Query, HoldsNoRowsOfALimitThatNoNumberHasRoomFor) {
  TestDatabase database;
  database.write("m,h=a v=1 0\nm,h=b v=2 10\nm,h=c v=3 20");
  EXPECT_EQ(database.run("SELECT v FROM m LIMIT 9223372036854775807 OFFSET 9223372036854775807"),
            "");
  ASSERT_EQ(database.store().scans().size(), 1u);
  EXPECT_EQ(database.store().scans().back().rows_limit, UINT64_MAX - 1);
}

// Rows of one time come in the order of InfluxDB's merge, not in that of the series.
TEST(Ties, AreOrderedByAHeap) {
  TestDatabase database;
  for (const char* host : {"a", "b", "c"}) {
    for (const char* time : {"0", "10", "20"}) {
      database.write("m,z=" + std::string(host) + " v=1 " + time);
    }
  }
  EXPECT_EQ(database.run("SELECT v, z FROM m"),
            "m time,v,z: 0,1,'a' 0,1,'c' 0,1,'b' 10,1,'c' 10,1,'b' 10,1,'a' 20,1,'b' 20,1,'a' "
            "20,1,'c'");
  EXPECT_EQ(database.run("SELECT z FROM m"), "") << "a tag alone selects nothing";
  database.write("n,a=x v=1 0\nn,a=y v=2 0\nn,a=z v=3 0");
  EXPECT_EQ(database.run("SELECT v, a FROM n"), "n time,v,a: 0,1,'x' 0,2,'y' 0,3,'z'")
      << "the first variable by name decides when it is a text";
}

}  // namespace
}  // namespace varve::influxql
