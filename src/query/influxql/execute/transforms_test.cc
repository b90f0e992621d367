// SPDX-License-Identifier: Apache-2.0
// What statements answer, as a table. The answers are those of InfluxDB.
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

void answers(std::string_view statement, std::string_view expected) {
  EXPECT_EQ(shared_database().run(statement), expected) << statement;
}

TEST(Transforms, GoFromPointToPoint) {
  answers("SELECT derivative(v) FROM cpu WHERE host = 'a'",
          "cpu time,derivative: 10,0.2 35,0.08");
  answers("SELECT derivative(v, 10s) FROM cpu WHERE host = 'a'",
          "cpu time,derivative: 10,2 35,0.8");
  answers("SELECT non_negative_derivative(v) FROM cpu",
          "cpu time,non_negative_derivative: 5,0.2 10,0.2 20,0.5");
  answers("SELECT difference(i) FROM cpu",
          "cpu time,difference: 5,5 10,-3");
  answers("SELECT non_negative_difference(v) FROM cpu",
          "cpu time,non_negative_difference: 5,1 10,1 20,5");
  answers("SELECT moving_average(v, 2) FROM cpu",
          "cpu time,moving_average: 5,1.5 10,2.5 20,5.5 35,6.5");
  answers("SELECT cumulative_sum(i) FROM cpu",
          "cpu time,cumulative_sum: 0,2 5,9 10,13");
  answers("SELECT elapsed(v, 1s) FROM cpu",
          "cpu time,elapsed: 5,5 10,5 20,10 35,15");
  answers("SELECT elapsed(s) FROM cpu",
          "cpu time,elapsed: 20,20000000000");
  answers("SELECT difference(v) FROM cpu GROUP BY host",
          "cpu{host=a} time,difference: 10,2 35,2; cpu{host=b} time,difference: 20,6");
  answers("SELECT difference(v) FROM cpu ORDER BY time DESC",
          "cpu time,difference: 20,3 10,-5 5,-1 0,-1");
  answers("SELECT difference(mean(v)) FROM cpu WHERE time >= 20s AND time < 40s GROUP BY "
          "time(20s)",
          "cpu time,difference: 20,4.5");
  answers("SELECT derivative(mean(v)) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(20s)",
          "cpu time,derivative: 20,4.5");
  answers("SELECT cumulative_sum(mean(v)) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY "
          "time(10s) fill(0)",
          "cpu time,cumulative_sum: 0,1.5 10,4.5 20,12.5 30,17.5 40,17.5 50,17.5");
  answers("SELECT moving_average(max(v), 2) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY "
          "time(10s) fill(previous)",
          "cpu time,moving_average: 10,2.5 20,5.5 30,6.5 40,5 50,5");
  answers("SELECT elapsed(mean(v), 1s) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY "
          "time(10s)",
          "cpu time,elapsed: 10,10 20,10 30,10");
  answers("SELECT difference(v), derivative(v) FROM cpu WHERE host = 'a'",
          "cpu time,difference,derivative: 10,2,0.2 35,2,0.08");
  answers("SELECT difference(ok) FROM cpu",
          "error: unsupported difference iterator type: *query.booleanInterruptIterator");
  answers("SELECT difference(max(v)) * 2 FROM cpu WHERE time >= 0 AND time < 40s GROUP BY "
          "time(20s)",
          "cpu time,difference: 20,10");
}

}  // namespace
}  // namespace varve::influxql
