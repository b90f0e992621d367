// SPDX-License-Identifier: Apache-2.0
// What statements answer, as a table. The answers are those of InfluxDB.
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

void answers(std::string_view statement, std::string_view expected) {
  EXPECT_EQ(shared_database().run(statement), expected) << statement;
}

TEST(SelectRows, GiveFieldsAndTagsOfARow) {
  answers("SELECT v FROM cpu",
          "cpu time,v: 0,1 5,2 10,3 20,8 35,5");
  answers("SELECT v, host FROM cpu",
          "cpu time,v,host: 0,1,'a' 5,2,'b' 10,3,'a' 20,8,'b' 35,5,'a'");
  answers("SELECT * FROM cpu",
          "cpu time,host,i,ok,region,s,v: 0,'a',2,true,'east','x',1 5,'b',7,false,'west',null,2 "
          "10,'a',4,null,'east',null,3 20,'b',null,null,'west','y',8 "
          "35,'a',null,null,'east',null,5");
  answers("SELECT *::tag, v FROM cpu LIMIT 1",
          "cpu time,host,region,v: 0,'a','east',1");
  answers("SELECT *::field FROM cpu LIMIT 1",
          "cpu time,i,ok,s,v: 0,2,true,'x',1");
  answers("SELECT /^[vi]$/ FROM cpu LIMIT 2",
          "cpu time,i,v: 0,2,1 5,7,2");
  answers("SELECT v AS x, v FROM cpu LIMIT 1",
          "cpu time,x,v: 0,1,1");
  answers("SELECT v, v FROM cpu LIMIT 1",
          "cpu time,v,v_1: 0,1,1");
  answers("SELECT time AS t, v FROM cpu LIMIT 1",
          "cpu t,v: 0,1");
  answers("SELECT host FROM cpu",
          "");
  answers("SELECT nosuch FROM cpu",
          "");
  answers("SELECT v FROM nosuch",
          "");
  answers("SELECT v, nosuch FROM cpu LIMIT 1",
          "cpu time,v,nosuch: 0,1,null");
  answers("SELECT v, s FROM cpu fill(0)",
          "cpu time,v,s: 0,1,'x' 5,2,0 10,3,0 20,8,'y' 35,5,0");
}

TEST(SelectRows, CastAsTheLanguageSays) {
  answers("SELECT v::integer, i::float FROM cpu LIMIT 2",
          "cpu time,v,i: 0,1,2 5,2,7");
  answers("SELECT v::string FROM cpu",
          "");
  answers("SELECT host::field, v FROM cpu LIMIT 1",
          "cpu time,host,v: 0,null,1");
  answers("SELECT v::tag, v FROM cpu LIMIT 1",
          "cpu time,v,v_1: 0,null,1");
}

TEST(SelectRows, FollowOrderAndLimits) {
  answers("SELECT v FROM cpu ORDER BY time DESC",
          "cpu time,v: 35,5 20,8 10,3 5,2 0,1");
  answers("SELECT v FROM cpu LIMIT 2",
          "cpu time,v: 0,1 5,2");
  answers("SELECT v FROM cpu LIMIT 2 OFFSET 1",
          "cpu time,v: 5,2 10,3");
  answers("SELECT v FROM cpu GROUP BY host LIMIT 1",
          "cpu{host=a} time,v: 0,1; cpu{host=b} time,v: 5,2");
  answers("SELECT v FROM cpu GROUP BY host ORDER BY time DESC LIMIT 1",
          "cpu{host=b} time,v: 20,8; cpu{host=a} time,v: 35,5");
  answers("SELECT v FROM cpu GROUP BY host SLIMIT 1",
          "cpu{host=a} time,v: 0,1 10,3 35,5");
  answers("SELECT v FROM cpu GROUP BY host SLIMIT 1 SOFFSET 1",
          "cpu{host=b} time,v: 5,2 20,8");
  answers("SELECT v FROM cpu GROUP BY *",
          "cpu{host=a,region=east} time,v: 0,1 10,3 35,5; cpu{host=b,region=west} time,v: 5,2 "
          "20,8");
  answers("SELECT v FROM cpu GROUP BY /re/",
          "cpu{region=east} time,v: 0,1 10,3 35,5; cpu{region=west} time,v: 5,2 20,8");
  answers("SELECT v FROM cpu GROUP BY nosuch LIMIT 1",
          "cpu{nosuch=} time,v: 0,1");
}

// Rows of one time have an order, and pages of an answer are pieces of it, however many series and
// rows there are.
void gives_every_row_once(size_t series_count, size_t times) {
  TestDatabase database;
  std::string lines;
  for (size_t time = 0; time < times; ++time) {
    for (size_t i = 0; i < series_count; ++i) {
      lines += "m,host=" + std::to_string(i * 7919 % series_count) +
               " v=" + std::to_string(time * series_count + i) + "i 5" + std::to_string(time) +
               "\n";
    }
  }
  database.write(lines);
  for (const std::string order : {"", " ORDER BY time DESC"}) {
    const std::string start = "m time,v:";
    const std::string whole = database.run("SELECT v FROM m" + order);
    const size_t row_count = series_count * times;
    const size_t page = row_count / 3 + 1;
    std::string joined = start;
    for (size_t offset = 0; offset < row_count; offset += page) {
      const std::string rows = database.run("SELECT v FROM m" + order + " LIMIT " +
                                            std::to_string(page) + " OFFSET " +
                                            std::to_string(offset));
      ASSERT_TRUE(rows.starts_with(start));
      joined += rows.substr(start.size());
    }
    EXPECT_TRUE(joined == whole) << series_count << " series, " << times << " times" << order;
  }
}

TEST(SelectRows, OfOneTimeComeOnceInPages) {
  gives_every_row_once(3, 4);
  gives_every_row_once(300, 3);
  gives_every_row_once(5'000, 1);
}

TEST(SelectRows, OfOneTimeComeOnceInPagesOfMoreRowsThanAreHeld) {
  gives_every_row_once(300, 70);
  gives_every_row_once(3'000, 8);
  gives_every_row_once(5'001, 4);
  gives_every_row_once(21'000, 1);
}

TEST(SelectRows, ReadSeveralSources) {
  answers("SELECT v, used FROM cpu, mem WHERE time < 10s",
          "cpu time,v,used: 0,1,null 5,2,null; mem time,v,used: 0,null,10");
  answers("SELECT * FROM /m/ LIMIT 1",
          "mem time,used: 0,10");
  answers("SELECT used FROM db.autogen.mem",
          "mem time,used: 0,10 30,30");
  answers("SELECT used FROM db..mem",
          "mem time,used: 0,10 30,30");
  answers("SELECT used FROM mem, mem",
          "mem time,used: 0,10 0,10 30,30 30,30");
  answers("SELECT used FROM /mem/, mem",
          "mem time,used: 0,10 0,10 30,30 30,30");
  answers("SELECT v FROM db.norp.cpu",
          "error: retention policy not found: norp");
  answers("SELECT v FROM nodb..cpu",
          "error: database not found: nodb");
}

TEST(SelectRows, ComputeWithFieldsAndConstants) {
  answers("SELECT v + i FROM cpu",
          "cpu time,v_i: 0,3 5,9 10,7 20,null 35,null");
  answers("SELECT i / 4 FROM cpu LIMIT 2",
          "cpu time,i: 0,0.5 5,1.75");
  answers("SELECT i % 4, v % 2 FROM cpu LIMIT 2",
          "cpu time,i,v: 0,2,1 5,3,0");
  answers("SELECT i / 0, v / 0 FROM cpu LIMIT 1",
          "cpu time,i,v: 0,0,0");
  answers("SELECT 5 / 2 * v FROM cpu LIMIT 1",
          "cpu time,v: 0,2.5");
  answers("SELECT -v, (v + 1) * 2 AS y FROM cpu LIMIT 1",
          "cpu time,v,y: 0,-1,4");
  answers("SELECT i & 3, i | 8, i ^ 1 FROM cpu LIMIT 1",
          "cpu time,i,i_1,i_2: 0,2,10,3");
  answers("SELECT v & 1 FROM cpu",
          "error: type error: v::float & 1: incompatible types: float and integer");
  answers("SELECT s + 'x' FROM cpu",
          "error: type error: s::string + 'x': incompatible types: string and string");
  answers("SELECT abs(v - 3), sqrt(v), pow(v, 2), floor(v / 2) FROM cpu LIMIT 2",
          "cpu time,abs,sqrt,pow,floor: 0,2,1,1,0 5,1,1.4142135623730951,4,1");
  answers("SELECT round(v / 2), ceil(v / 2), log(v, 2) FROM cpu LIMIT 2",
          "cpu time,round,ceil,log: 0,1,1,0 5,1,1,1");
}

TEST(Where, ComparesTagsAndFields) {
  answers("SELECT v FROM cpu WHERE host = 'a'",
          "cpu time,v: 0,1 10,3 35,5");
  answers("SELECT v FROM cpu WHERE host != 'a'",
          "cpu time,v: 5,2 20,8");
  answers("SELECT v FROM cpu WHERE host =~ /[b-z]/",
          "cpu time,v: 5,2 20,8");
  answers("SELECT v FROM cpu WHERE host !~ /b/ AND v > 1",
          "cpu time,v: 10,3 35,5");
  answers("SELECT v FROM cpu WHERE nosuch = ''",
          "cpu time,v: 0,1 5,2 10,3 20,8 35,5");
  answers("SELECT v FROM cpu WHERE nosuch != ''",
          "");
  answers("SELECT v FROM cpu WHERE nosuch = 'x'",
          "");
  answers("SELECT v FROM cpu WHERE host < 'b'",
          "");
  answers("SELECT v FROM cpu WHERE v > 2 AND v <= 5",
          "cpu time,v: 10,3 35,5");
  answers("SELECT v FROM cpu WHERE 4 < v",
          "cpu time,v: 20,8 35,5");
  answers("SELECT v FROM cpu WHERE i = 4 OR s = 'y'",
          "cpu time,v: 10,3 20,8");
  answers("SELECT v FROM cpu WHERE i != 4",
          "cpu time,v: 0,1 5,2");
  answers("SELECT v FROM cpu WHERE s =~ /x|y/",
          "cpu time,v: 0,1 20,8");
  answers("SELECT v FROM cpu WHERE ok = true",
          "cpu time,v: 0,1");
  answers("SELECT v FROM cpu WHERE ok != true",
          "cpu time,v: 5,2");
  answers("SELECT v FROM cpu WHERE v = '1'",
          "");
  answers("SELECT v FROM cpu WHERE host = region",
          "");
  answers("SELECT v FROM cpu WHERE host != region LIMIT 1",
          "cpu time,v: 0,1");
  answers("SELECT v FROM cpu WHERE v + i > 5",
          "cpu time,v: 5,2 10,3");
  answers("SELECT v FROM cpu WHERE i / 4 = 1",
          "cpu time,v: 5,2 10,3");
  answers("SELECT v FROM cpu WHERE v > i OR host = 'b'",
          "cpu time,v: 5,2 20,8");
  answers("SELECT v FROM cpu WHERE i > 3",
          "cpu time,v: 5,2 10,3");
  answers("SELECT s FROM cpu WHERE v + 1 > 2",
          "cpu time,s: 20,'y'");
  answers("SELECT v FROM cpu WHERE true LIMIT 1",
          "cpu time,v: 0,1");
  answers("SELECT v FROM cpu WHERE v",
          "error: invalid condition expression: v");
}

TEST(Where, TakesTimeOutWhereverItStands) {
  answers("SELECT v FROM cpu WHERE time >= 5s AND time < 20s",
          "cpu time,v: 5,2 10,3");
  answers("SELECT v FROM cpu WHERE time > '1970-01-01T00:00:05Z' AND time <= '1970-01-01 "
          "00:00:20'",
          "cpu time,v: 10,3 20,8");
  answers("SELECT v FROM cpu WHERE 10s < time",
          "cpu time,v: 20,8 35,5");
  answers("SELECT v FROM cpu WHERE time = 10s OR host = 'a'",
          "cpu time,v: 10,3");
  answers("SELECT v FROM cpu WHERE time < 5s OR time > 20s",
          "");
  answers("SELECT v FROM cpu WHERE time >= '1970-01-01' + 20s",
          "cpu time,v: 20,8 35,5");
  answers("SELECT v FROM cpu WHERE time != 5s",
          "error: invalid time comparison operator: !=");
  answers("SELECT v FROM cpu WHERE time > 'x'",
          "error: invalid operation: time and *influxql.StringLiteral are not compatible");
  answers("SELECT v FROM cpu WHERE time > '2020-13-01'",
          "error: invalid timestamp string");
  answers("SELECT v FROM cpu WHERE time > now()",
          "");
}

// What InfluxDB joins the values with sorts behind digits and letters.
TEST(SelectRows, CountsGroupsInTheOrderOfTheirJoinedTags) {
  TestDatabase database;
  database.write("m,h=h10 v=1 0\nm,h=h1 v=2 0\nm,h=h2 v=3 0");
  EXPECT_EQ(database.run("SELECT v FROM m GROUP BY h SLIMIT 2"),
            "m{h=h1} time,v: 0,2; m{h=h10} time,v: 0,1");
  database.write("n,h=h10,k=a v=1 0\nn,h=h1,k=b v=2 0");
  EXPECT_EQ(database.run("SELECT v FROM n GROUP BY h, k SLIMIT 1"), "n{h=h10,k=a} time,v: 0,1");
  EXPECT_EQ(database.run("SELECT v FROM (SELECT v FROM m GROUP BY h SOFFSET 9223372036854775807) "
                         "GROUP BY h SLIMIT 9 SOFFSET 9"),
            "");
  // Groups that no row can be of, whatever the fields say, are not counted.
  database.write("o,h=a v=1 0\no,h=b v=2 1\no,h=c v=3 2");
  EXPECT_EQ(database.run("SELECT v FROM o WHERE (h = 'b' AND v > 0) OR h = 'c' GROUP BY h "
                         "SLIMIT 2"),
            "o{h=b} time,v: 1,2; o{h=c} time,v: 2,3");
}

}  // namespace
}  // namespace varve::influxql
