// SPDX-License-Identifier: Apache-2.0
// What statements answer, as a table. The answers are those of InfluxDB.
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

void answers(std::string_view statement, std::string_view expected) {
  EXPECT_EQ(shared_database().run(statement), expected) << statement;
}

TEST(Aggregates, WorkOverAllRowsOfAGroup) {
  answers("SELECT count(v), sum(v), mean(v), min(v), max(v), spread(v), first(v), last(v) FROM "
          "cpu",
          "cpu time,count,sum,mean,min,max,spread,first,last: 0,5,19,3.8,1,8,7,1,5");
  answers("SELECT count(i), sum(i), mean(i), spread(i) FROM cpu",
          "cpu time,count,sum,mean,spread: 0,3,13,4.333333333333333,5");
  answers("SELECT count(s), first(s), last(s) FROM cpu",
          "cpu time,count,first,last: 0,2,'x','y'");
  answers("SELECT count(ok), min(ok), max(ok) FROM cpu",
          "cpu time,count,min,max: 0,2,false,true");
  answers("SELECT mean(v) FROM cpu GROUP BY host",
          "cpu{host=a} time,mean: 0,3; cpu{host=b} time,mean: 0,5");
  answers("SELECT mean(v) FROM cpu GROUP BY region, host",
          "cpu{host=a,region=east} time,mean: 0,3; cpu{host=b,region=west} time,mean: 0,5");
  answers("SELECT count(*) FROM cpu",
          "cpu time,count_i,count_ok,count_s,count_v: 0,3,2,2,5");
  answers("SELECT max(/^[vi]$/) FROM cpu",
          "cpu time,max_i,max_v: 0,7,8");
  answers("SELECT mean(v), mean(v) FROM cpu",
          "cpu time,mean,mean_1: 0,3.8,3.8");
  answers("SELECT mean(v) FROM cpu WHERE time > 3s",
          "cpu time,mean: 3000000001ns,4.5");
  answers("SELECT count(v) FROM cpu WHERE v > 100",
          "");
  answers("SELECT mean(v) / count(v) FROM cpu",
          "cpu time,mean_count: 0,0.76");
  answers("SELECT count(host) FROM cpu",
          "");
  answers("SELECT sum(s) FROM cpu",
          "error: unsupported sum iterator type: *query.stringInterruptIterator");
  answers("SELECT sum(ok) FROM cpu",
          "error: unsupported sum iterator type: *query.booleanInterruptIterator");
  answers("SELECT mean(used), mean(v) FROM cpu, mem",
          "cpu time,mean,mean_1: 0,null,3.8; mem time,mean,mean_1: 0,20,null");
  answers("SELECT median(v), mode(i), stddev(v) FROM cpu",
          "cpu time,median,mode,stddev: 0,3,2,2.7748873851023217");
  answers("SELECT median(i) FROM cpu WHERE host = 'a'",
          "cpu time,median: 0,3");
  answers("SELECT stddev(v) FROM cpu WHERE v > 7",
          "cpu time,stddev: 0,null");
  answers("SELECT distinct(i) FROM cpu",
          "cpu time,distinct: 0,2 0,7 0,4");
  answers("SELECT count(distinct(i)) FROM cpu",
          "cpu time,count: 0,3");
  answers("SELECT percentile(v, 50) FROM cpu",
          "cpu time,percentile: 10,3");
  answers("SELECT percentile(v, 0) FROM cpu",
          "");
  answers("SELECT integral(v) FROM cpu WHERE host = 'a'",
          "cpu time,integral: 0,120");
  answers("SELECT integral(i) FROM cpu WHERE host = 'a' AND time > 5s",
          "cpu time,integral: 5000000001ns,0");
  answers("SELECT integral(v) FROM cpu WHERE host = 'a' AND time >= 10s ORDER BY time DESC",
          "cpu time,integral: 0,-100");
}

TEST(Selectors, KeepTheTimeAndTheValuesBesideThePoint) {
  answers("SELECT max(v) FROM cpu",
          "cpu time,max: 20,8");
  answers("SELECT min(v) FROM cpu GROUP BY host",
          "cpu{host=a} time,min: 0,1; cpu{host=b} time,min: 5,2");
  answers("SELECT max(v), host, s FROM cpu",
          "cpu time,max,host,s: 20,8,'b','y'");
  answers("SELECT first(v), i FROM cpu WHERE host = 'b'",
          "cpu time,first,i: 5,2,7");
  answers("SELECT last(v), * FROM cpu",
          "cpu time,last,host,i,ok,region,s,v: 35,5,'a',null,null,'east',null,5");
  answers("SELECT max(v) + 1 FROM cpu",
          "cpu time,max: 20,9");
  answers("SELECT max(v), min(v) FROM cpu",
          "cpu time,max,min: 0,8,1");
  answers("SELECT max(v), host FROM cpu GROUP BY host",
          "cpu{host=a} time,max,host: 35,5,'a'; cpu{host=b} time,max,host: 20,8,'b'");
  answers("SELECT percentile(v, 60), host FROM cpu",
          "cpu time,percentile,host: 10,3,'a'");
  answers("SELECT top(v, 2) FROM cpu",
          "cpu time,top: 20,8 35,5");
  answers("SELECT top(v, host, 2) FROM cpu",
          "cpu time,top,host: 20,8,'b' 35,5,'a'");
  answers("SELECT bottom(v, 2), region FROM cpu",
          "cpu time,bottom,region: 0,1,'east' 5,2,'west'");
  answers("SELECT max(v), sum(v), host FROM cpu",
          "error: mixing aggregate and non-aggregate queries is not supported");
  answers("SELECT max(v), host, i FROM cpu WHERE time >= 0 AND time < 40s GROUP BY time(20s)",
          "cpu time,max,host,i: 0,3,'a',4 20,8,'b',null");
}

}  // namespace
}  // namespace varve::influxql
