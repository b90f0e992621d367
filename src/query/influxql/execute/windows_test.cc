// SPDX-License-Identifier: Apache-2.0
// What statements answer, as a table. The answers are those of InfluxDB.
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

void answers(std::string_view statement, std::string_view expected) {
  EXPECT_EQ(shared_database().run(statement), expected) << statement;
}

TEST(GroupByTime, AlignsWindowsAndFillsThem) {
  answers("SELECT mean(v) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(10s)",
          "cpu time,mean: 0,1.5 10,3 20,8 30,5");
  answers("SELECT count(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(10s)",
          "cpu time,count: 0,2 10,1 20,1 30,1 40,0 50,0");
  answers("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(10s, 5s)",
          "cpu time,sum: -5,1 5,5 15,8 25,null 35,5");
  answers("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(10s, -3s)",
          "cpu time,sum: -3,3 7,3 17,8 27,5 37,null");
  answers("SELECT sum(v) FROM cpu WHERE time > 4s AND time <= 20s GROUP BY time(20s)",
          "cpu time,sum: 0,5 20,8");
  answers("SELECT sum(v) FROM cpu WHERE time <= 40s GROUP BY time(20s)",
          "cpu time,sum: 0,6 20,13 40,null");
  answers("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(20s), host",
          "cpu{host=a} time,sum: 0,4 20,5 40,null; cpu{host=b} time,sum: 0,2 20,8 40,null");
  answers("SELECT max(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(20s), *",
          "cpu{host=a,region=east} time,max: 0,3 20,5 40,null; cpu{host=b,region=west} time,max:"
          " 0,2 20,8 40,null");
  answers("SELECT max(v), host FROM cpu WHERE time >= 0 AND time < 80s GROUP BY time(20s) "
          "fill(0)",
          "cpu time,max,host: 0,3,'a' 20,8,'b' 40,0,0 60,0,0");
  answers("SELECT count(v) FROM cpu WHERE time >= 100s AND time < 140s GROUP BY time(10s)",
          "");
  answers("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(20s) ORDER BY "
          "time DESC",
          "cpu time,sum: 40,null 20,13 0,6");
  answers("SELECT sum(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(20s) LIMIT 2 "
          "OFFSET 1",
          "cpu time,sum: 20,13 40,null");
  answers("SELECT first(v), last(v) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(20s)",
          "cpu time,first,last: 0,1,3 20,8,5");
  answers("SELECT percentile(v, 90) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(20s)",
          "cpu time,percentile: 0,3 20,8");
  answers("SELECT top(v, 1) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(20s)",
          "cpu time,top: 10,3 20,8");
  answers("SELECT distinct(i) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(20s)",
          "cpu time,distinct: 0,2 0,7 0,4");
  answers("SELECT integral(v) FROM cpu WHERE host = 'a' AND time >= 0 AND time < 40s GROUP BY "
          "time(20s)",
          "cpu time,integral: 0,54 20,66");
  answers("SELECT integral(i) FROM cpu WHERE time >= 0 AND time < 20s GROUP BY time(3s)",
          "cpu time,integral: 0,10.5 3,13.7 9,26.8");
  answers("SELECT mean(v) FROM cpu WHERE time >= 0 AND time < 1w GROUP BY time(1w)",
          "cpu time,mean: 0,3.8");
}

TEST(Fill, PutsValuesIntoEmptyWindows) {
  answers("SELECT mean(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(10s) fill(none)",
          "cpu time,mean: 0,1.5 10,3 20,8 30,5");
  answers("SELECT mean(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(10s) fill(7)",
          "cpu time,mean: 0,1.5 10,3 20,8 30,5 40,7 50,7");
  answers("SELECT mean(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(10s) "
          "fill(previous)",
          "cpu time,mean: 0,1.5 10,3 20,8 30,5 40,5 50,5");
  answers("SELECT mean(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(10s) "
          "fill(previous) ORDER BY time DESC",
          "cpu time,mean: 50,null 40,null 30,5 20,8 10,3 0,1.5");
  answers("SELECT mean(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(5s) fill(linear)",
          "cpu time,mean: 0,1 5,2 10,3 15,5.5 20,8 25,7 30,6 35,5 40,null 45,null 50,null "
          "55,null");
  answers("SELECT sum(i) FROM cpu WHERE time >= 0 AND time < 20s GROUP BY time(5s) fill(1.5)",
          "cpu time,sum: 0,2 5,7 10,4 15,1");
  answers("SELECT sum(i) FROM cpu WHERE host = 'a' AND time >= 0 AND time < 20s GROUP BY "
          "time(3s) fill(linear)",
          "cpu time,sum: 0,2 3,2 6,3 9,4 12,null 15,null 18,null");
  answers("SELECT first(s) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(10s) fill(0)",
          "cpu time,first: 0,'x' 10,'' 20,'y' 30,''");
  answers("SELECT first(ok) FROM cpu WHERE time >= 0 AND time < 20s GROUP BY time(5s) fill(1)",
          "cpu time,first: 0,true 5,false 10,false 15,false");
  answers("SELECT mean(v) * 2 FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(20s) fill(3)",
          "cpu time,mean: 0,4 20,13 40,6");
  answers("SELECT mean(v) + count(v) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(10s) "
          "fill(null)",
          "cpu time,mean_count: 0,3.5 10,4 20,9 30,6 40,null 50,null");
  answers("SELECT mean(v), count(s) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(20s) "
          "fill(none)",
          "cpu time,mean,count: 0,2,1 20,6.5,1");
  answers("SELECT mean(v), sum(i) FROM cpu WHERE time >= 0 AND time < 60s GROUP BY time(10s) "
          "fill(previous)",
          "cpu time,mean,sum: 0,1.5,9 10,3,4 20,8,4 30,5,4 40,5,4 50,5,4");
  answers("SELECT stddev(v) FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(10s) fill(9)",
          "cpu time,stddev: 0,0.7071067811865476 10,null 20,null 30,null");
  answers("SELECT mean(v) FROM cpu fill(0)",
          "cpu time,mean: 0,3.8");
  answers("SELECT v FROM cpu fill(none)",
          "error: fill(none) must be used with a function");
  answers("SELECT v FROM cpu fill(linear)",
          "error: fill(linear) must be used with a function");
}

TEST(TimeZone, MovesWindowsToTheLocalClock) {
  answers("SELECT count(v) FROM cpu WHERE time >= 0 AND time < 1d GROUP BY time(1d) "
          "TZ('America/New_York')",
          "cpu time,count: -68400,5 18000,0");
  answers("SELECT v FROM cpu WHERE time >= '1970-01-01 01:00:10' TZ('Europe/Berlin')",
          "cpu time,v: 10,3 20,8 35,5");
  answers("SELECT v FROM cpu TZ('No/Where')",
          "refused: unable to find time zone No/Where");
}

}  // namespace
}  // namespace varve::influxql
