// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/server_statements.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

TEST(RunningQueries, AreListedAndKilledByNumber) {
  RunningQueries queries;
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  {
    const auto first = queries.begin("a", "db", 5, flag);
    const auto second = queries.begin("b", "", 6, std::make_shared<std::atomic<bool>>(false));
    ASSERT_EQ(queries.list().size(), 2u);
    EXPECT_EQ(queries.list()[0].text, "a");
    EXPECT_TRUE(queries.kill(1));
    EXPECT_TRUE(flag->load());
    EXPECT_EQ(first.stop(), RunningQueries::Stop::kKilled);
    EXPECT_EQ(second.stop(), RunningQueries::Stop::kNone);
    EXPECT_EQ(queries.kill(1).error().message, "query already killed");
  }
  EXPECT_TRUE(queries.list().empty());
  EXPECT_EQ(queries.kill(1).error().message, "no such query id: 1");
}

TEST(RunningQueries, AreStoppedWhenTheirTimeIsOver) {
  RunningQueries queries;
  const auto flag = std::make_shared<std::atomic<bool>>(false);
  const auto other = std::make_shared<std::atomic<bool>>(false);
  const auto first = queries.begin("a", "db", 5, flag, 10);
  const auto second = queries.begin("b", "db", 5, other);
  queries.stop_late(10);
  EXPECT_FALSE(flag->load());
  queries.stop_late(11);
  EXPECT_TRUE(flag->load());
  EXPECT_EQ(first.stop(), RunningQueries::Stop::kLate);
  EXPECT_FALSE(other->load());
  EXPECT_EQ(second.stop(), RunningQueries::Stop::kNone);
}

TEST(ServerStatements, ShareTheTimeThatARequestMayTake) {
  TestDatabase database;
  database.write("m v=1 0");
  database.options().timeout_ns = 1'000'000'000;
  database.options().storage = [&] {
    database.clock().advance_ns(800'000'000);
    return StorageFacts{};
  };
  const std::string slow = "SHOW DIAGNOSTICS";
  EXPECT_TRUE(database.run(slow + "; SELECT v FROM m").ends_with(" | m time,v: 0,1"));
  const std::string late = " | error: query-timeout limit exceeded | error: not executed";
  EXPECT_TRUE(database.run(slow + "; " + slow + "; SELECT v FROM m; SELECT v FROM m")
                  .ends_with(late));
  EXPECT_TRUE(database.run(slow + "; " + slow + "; SHOW DATABASES; SHOW DATABASES")
                  .ends_with(late));
}

TEST(ServerStatements, ShowTheQueriesThatRun) {
  TestDatabase database;
  EXPECT_EQ(database.run("SHOW QUERIES"),
            "qid,query,database,duration,status: 1,'SHOW QUERIES','db','0s','running'");
  EXPECT_EQ(database.run("CREATE USER u WITH PASSWORD 'secret'; SHOW QUERIES"),
            " |  qid,query,database,duration,status: 1,'CREATE USER u WITH PASSWORD [REDACTED]; "
            "SHOW QUERIES','db','0s','running'");
  EXPECT_EQ(database.run("KILL QUERY 999"), "error: no such query id: 999");
}

TEST(ServerStatements, AnswerAKilledQueryWithAnError) {
  TestDatabase database;
  database.write("m v=1 0");
  EXPECT_EQ(database.run("KILL QUERY 1; SELECT v FROM m; SELECT v FROM m"),
            " | error: query interrupted | error: not executed");
}

TEST(ServerStatements, ShowStatsAndDiagnosticsByModule) {
  metrics::counter("varve_servertest_things_total", "Things.", {{"kind", "a"}}).add(3);
  TestDatabase database;
  database.options().version = "7";
  EXPECT_EQ(database.run("SHOW STATS FOR 'servertest'"), "servertest{kind=a} things_total: 3");
  EXPECT_EQ(database.run("SHOW STATS FOR 'runtime'"),
            "runtime uptime_seconds,queries_running: 0,1");
  EXPECT_EQ(database.run("SHOW STATS FOR 'nosuch'"), "");
  EXPECT_NE(database.run("SHOW STATS").find("servertest{kind=a}"), std::string::npos);
  EXPECT_EQ(database.run("SHOW DIAGNOSTICS FOR 'build'"), "build Version: '7'");
  EXPECT_TRUE(database.run("SHOW DIAGNOSTICS").ends_with(
      "'1970-01-01T00:16:40Z','1970-01-01T00:16:40Z','0s'"));
  EXPECT_EQ(database.run("SHOW DIAGNOSTICS FOR 'nosuch'"), "");
}

TEST(ServerStatements, ShowDiagnosticsTellWhatIsDamaged) {
  TestDatabase database;
  EXPECT_EQ(database.run("SHOW DIAGNOSTICS FOR 'storage'"), "");
  database.options().storage = [] {
    return StorageFacts{.writable = true,
                        .quarantined_files = 1,
                        .deletes_pending = 2,
                        .damage = {"1.sst is damaged"}};
  };
  EXPECT_EQ(database.run("SHOW DIAGNOSTICS FOR 'storage'"),
            "storage writable,quarantinedFiles,pendingDeletes: true,1,2");
  EXPECT_EQ(database.run("SHOW DIAGNOSTICS FOR 'damage'"), "damage message: '1.sst is damaged'");
  EXPECT_TRUE(database.run("SHOW DIAGNOSTICS").ends_with("'1.sst is damaged'"));
}

TEST(Explain, SaysWhatASelectWouldRead) {
  EXPECT_EQ(shared_database().run("EXPLAIN SELECT v, host FROM cpu WHERE host = 'a'"),
            "QUERY PLAN: 'EXPRESSION: <nil>' 'AUXILIARY FIELDS: host::tag, v::float' 'NUMBER OF "
            "SHARDS: 1' 'NUMBER OF SERIES: 1' 'CACHED VALUES: 0' 'NUMBER OF FILES: 0' 'SIZE OF "
            "FILES: 0'");
  const auto explained = shared_database().run(
      "EXPLAIN SELECT max(m), percentile(m, 5) FROM (SELECT mean(v) AS m FROM cpu GROUP BY host)");
  EXPECT_NE(explained.find("EXPRESSION: mean(v::float)"), std::string::npos) << explained;
  EXPECT_EQ(shared_database().run("EXPLAIN SELECT v FROM nosuch"), "QUERY PLAN:");
  EXPECT_EQ(shared_database().run("EXPLAIN SELECT foo(v) FROM cpu"),
            "error: undefined function foo()");
}

TEST(Explain, AnalyzeRunsTheSelectAndKeepsItsRows) {
  EXPECT_EQ(shared_database().run("EXPLAIN ANALYZE SELECT v FROM cpu GROUP BY host"),
            "EXPLAIN ANALYZE: 'execution_time: 0s' 'planning_time: 0s' 'total_time: 0s' "
            "'series: 2' 'rows: 5'");
}

}  // namespace
}  // namespace varve::influxql
