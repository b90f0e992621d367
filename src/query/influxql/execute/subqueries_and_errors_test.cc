// SPDX-License-Identifier: Apache-2.0
// What statements answer, as a table. The answers are those of InfluxDB.
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

void answers(std::string_view statement, std::string_view expected) {
  EXPECT_EQ(shared_database().run(statement), expected) << statement;
}

TEST(Subqueries, AreReadLikeTables) {
  answers("SELECT mean(m) FROM (SELECT max(v) AS m FROM cpu GROUP BY host)",
          "cpu time,mean: 0,6.5");
  answers("SELECT max FROM (SELECT max(v) FROM cpu GROUP BY host)",
          "cpu time,max: 20,8 35,5");
  answers("SELECT * FROM (SELECT v, host FROM cpu)",
          "cpu time,host,v: 0,'a',1 5,'b',2 10,'a',3 20,'b',8 35,'a',5");
  answers("SELECT v FROM (SELECT v FROM cpu) WHERE v > 2",
          "cpu time,v: 10,3 20,8 35,5");
  answers("SELECT v FROM (SELECT v FROM cpu) WHERE host = 'b'",
          "");
  answers("SELECT v FROM (SELECT v FROM cpu GROUP BY host) WHERE host = 'b'",
          "cpu time,v: 5,2 20,8");
  answers("SELECT v FROM (SELECT v FROM cpu) GROUP BY host",
          "cpu{host=a} time,v: 0,1 10,3 35,5; cpu{host=b} time,v: 5,2 20,8");
  answers("SELECT mean(v) FROM (SELECT v FROM cpu LIMIT 2)",
          "cpu time,mean: 0,1.5");
  answers("SELECT sum(x) FROM (SELECT max(v) AS x FROM cpu GROUP BY host, time(20s)) WHERE time "
          ">= 0 AND time < 40s GROUP BY time(20s)",
          "cpu time,sum: 0,5 20,13");
  answers("SELECT sum(x) FROM (SELECT max(v) AS x FROM cpu) WHERE time >= 0 AND time < 40s GROUP"
          " BY time(20s)",
          "cpu time,sum: 0,3 20,8");
  answers("SELECT x FROM (SELECT i / 2 AS x FROM cpu)",
          "cpu time,x: 0,1 5,3 10,2");
  answers("SELECT max(x) - min(x) FROM (SELECT v * 2 AS x FROM cpu)",
          "cpu time,max_min: 0,14");
  answers("SELECT count(host) FROM (SELECT v, host FROM cpu)",
          "cpu time,count: 0,5");
  answers("SELECT difference(x) FROM (SELECT mean(v) AS x FROM cpu GROUP BY time(20s)) WHERE "
          "time >= 0 AND time < 40s",
          "cpu time,difference: 20,4.5");
  answers("SELECT v FROM (SELECT v FROM cpu), (SELECT v FROM cpu) LIMIT 2",
          "cpu time,v: 0,1 0,1");
  answers("SELECT v, used FROM (SELECT v FROM cpu), (SELECT used FROM mem)",
          "cpu time,v,used: 0,1,null 5,2,null 10,3,null 20,8,null 35,5,null; mem time,v,used: "
          "0,null,10 30,null,30");
  answers("SELECT top, host FROM (SELECT top(v, host, 1) FROM cpu)",
          "cpu time,top,host: 20,8,'b'");
  answers("SELECT v FROM (SELECT v FROM cpu ORDER BY time DESC)",
          "error: subqueries must be ordered in the same direction as the query itself");
  answers("SELECT v FROM (SELECT v FROM cpu) ORDER BY time DESC LIMIT 2",
          "cpu time,v: 35,5 20,8");
  answers("SELECT last(x), host FROM (SELECT v AS x, host FROM cpu)",
          "cpu time,last,host: 35,5,'a'");
  answers("SELECT mean(v) FROM (SELECT v FROM cpu WHERE host = 'a') WHERE time < 20s",
          "cpu time,mean: 0,2");
  answers("SELECT nosuch FROM (SELECT v FROM cpu)",
          "");
}

TEST(Errors, AreWordedAsInInfluxDB) {
  answers("SELECT mean(v), v FROM cpu",
          "error: mixing aggregate and non-aggregate queries is not supported");
  answers("SELECT v FROM cpu GROUP BY time(1m)",
          "error: GROUP BY requires at least one aggregate function");
  answers("SELECT mean(*) * 2 FROM cpu",
          "error: unsupported expression with wildcard: mean()");
  answers("SELECT foo(v) FROM cpu",
          "error: undefined function foo()");
  answers("SELECT mean() FROM cpu",
          "error: invalid number of arguments for mean, expected 1, got 0");
  answers("SELECT mean(v, i) FROM cpu",
          "error: invalid number of arguments for mean, expected 1, got 2");
  answers("SELECT mean('x') FROM cpu",
          "error: expected field argument in mean()");
  answers("SELECT percentile(v) FROM cpu",
          "error: invalid number of arguments for percentile, expected 2, got 1");
  answers("SELECT percentile(v, 'x') FROM cpu",
          "error: expected float argument in percentile()");
  answers("SELECT top(v, 0) FROM cpu",
          "error: limit (0) in top function must be at least 1");
  answers("SELECT top(v, 3) FROM cpu LIMIT 2",
          "error: limit (3) in top function can not be larger than the LIMIT (2) in the select "
          "statement");
  answers("SELECT derivative(mean(v)) FROM cpu",
          "error: derivative aggregate requires a GROUP BY interval");
  answers("SELECT derivative(v) FROM cpu GROUP BY time(1m)",
          "error: aggregate function required inside the call to derivative");
  answers("SELECT derivative(v, -1s) FROM cpu",
          "error: duration argument must be positive, got -1s");
  answers("SELECT moving_average(v, 1) FROM cpu",
          "error: moving_average window must be greater than 1, got 1");
  answers("SELECT distinct(v), mean(v) FROM cpu",
          "error: aggregate function distinct() cannot be combined with other functions or "
          "fields");
  answers("SELECT time FROM cpu",
          "error: at least 1 non-time field must be queried");
  answers("SELECT sin(1) FROM cpu",
          "error: field must contain at least one variable");
  answers("SELECT v FROM cpu WHERE mean(v) > 1",
          "error: invalid function call in condition: mean(v)");
  answers("SELECT mean(v) FROM cpu GROUP BY time(1m), time(2m)",
          "error: multiple time dimensions not allowed");
  answers("SELECT mean(v) FROM cpu GROUP BY foo()",
          "error: only time() calls allowed in dimensions");
  answers("SELECT mean(v) FROM cpu GROUP BY time(1m, 'x')",
          "error: time dimension offset must be duration or now()");
  answers("SELECT max(v), min(v), host FROM cpu",
          "error: mixing multiple selector functions with tags or fields is not supported");
  answers("SELECT v FROM _series",
          "error: unable to use system source '_series': use SHOW SERIES instead");
  answers("SELECT i + 9223372036854775808 FROM cpu",
          "error: type error: i::integer + 9223372036854775808: cannot use + with an integer and"
          " unsigned literal");
  answers("SELECT mean(v) FROM cpu; SELECT foo(v) FROM cpu; SELECT v FROM cpu; SELECT v FROM cpu",
          "cpu time,mean: 0,3.8 | error: undefined function foo() | error: not executed");
}

}  // namespace
}  // namespace varve::influxql
