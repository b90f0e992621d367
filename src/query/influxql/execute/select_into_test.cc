// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

/// What stands in `out` after a statement, or its error.
class Into : public ::testing::Test {
 protected:
  Into() {
    database_.write(R"(cpu,h=a v=1,i=1i 0
cpu,h=a v=2,i=2i 10
cpu,h=b v=3,ok=true 1
cpu,h=b v=5,s="x" 11)");
  }
  std::string written(std::string_view statement) { return database_.run(statement); }
  std::string out(std::string_view statement) {
    const std::string answer = written(statement);
    if (!answer.starts_with("result time,written: ")) return answer;
    return database_.run("SELECT * FROM out GROUP BY *");
  }
  TestDatabase database_;
};

TEST_F(Into, WritesRowsAndSaysHowMany) {
  EXPECT_EQ(written("SELECT v INTO out FROM cpu"), "result time,written: 0,4");
  EXPECT_EQ(database_.run("SELECT * FROM out GROUP BY *"), "out time,v: 0,1 1,3 10,2 11,5")
      << "without GROUP BY the tags are lost";
  EXPECT_EQ(written("SELECT v INTO x FROM nosuch"), "result time,written: 0,0");
  EXPECT_EQ(written("SELECT v INTO x FROM cpu WHERE time > 100s"), "result time,written: 0,0");
}

TEST_F(Into, KeepsTagsOfGroupByAsTagsAndOthersAsFields) {
  EXPECT_EQ(out("SELECT v INTO out FROM cpu GROUP BY h"),
            "out{h=a} time,v: 0,1 10,2; out{h=b} time,v: 1,3 11,5");
  database_.run("DROP MEASUREMENT out");
  EXPECT_EQ(out("SELECT v, h INTO out FROM cpu"),
            "out time,h,v: 0,'a',1 1,'b',3 10,'a',2 11,'b',5");
}

TEST_F(Into, LeavesOutWhatHasNoValue) {
  EXPECT_EQ(written("SELECT i, ok, s INTO out FROM cpu"), "result time,written: 0,4");
  EXPECT_EQ(database_.run("SELECT * FROM out"),
            "out time,i,ok,s: 0,1,null,null 1,null,true,null 10,2,null,null 11,null,null,'x'");
  EXPECT_EQ(written("SELECT v, nosuch INTO none FROM cpu WHERE v > 4"),
            "result time,written: 0,1");
  EXPECT_EQ(written("SELECT mean(v) INTO m FROM cpu WHERE time < 40s GROUP BY time(10s)"),
            "result time,written: 0,2");
  EXPECT_EQ(written("SELECT mean(v) INTO m FROM cpu WHERE time < 40s AND time >= 0 "
                    "GROUP BY time(10s) fill(0)"),
            "result time,written: 0,4");
}

TEST_F(Into, WritesTagsOfTopAsTags) {
  EXPECT_EQ(out("SELECT top(v, h, 2) INTO out FROM cpu"), "out{h=a} time,top: 10,2; out{h=b} "
                                                          "time,top: 11,5");
}

TEST_F(Into, GoesWhereTheTargetSays) {
  EXPECT_EQ(database_.run("CREATE DATABASE other; CREATE RETENTION POLICY p ON other DURATION INF "
                          "REPLICATION 1"),
            " | ");
  EXPECT_EQ(written("SELECT v INTO other.p.:MEASUREMENT FROM /c/ GROUP BY *"),
            "result time,written: 0,4");
  EXPECT_EQ(database_.run("SELECT v FROM other.p.cpu WHERE h = 'b'"), "cpu time,v: 1,3 11,5");
  EXPECT_EQ(written("SELECT v INTO nosuch..out FROM cpu"), "error: database not found: nosuch");
  EXPECT_EQ(written("SELECT v INTO other.q.out FROM cpu"), "error: retention policy not found: q");
}

TEST_F(Into, FailsWhereAPointCannotBeStored) {
  database_.write("out v=\"x\" 0");
  EXPECT_EQ(written("SELECT v INTO out FROM cpu"),
            "error: partial write: field type conflict: input field \"v\" on measurement \"out\" "
            "is type float, already exists as type string dropped=4 for database: db for retention "
            "policy: autogen");
}

TEST_F(Into, WarnsInAReadOnlyRequestWithFullNames) {
  EXPECT_EQ(database_.run("SELECT v INTO out FROM cpu",
                          {.database = "db", .is_read_only = true}),
            "result time,written: 0,4[warning: deprecated use of 'SELECT v INTO db.autogen.out "
            "FROM db.autogen.cpu' in a read only context, please use a POST request instead]");
}

TEST_F(Into, WritesManyRowsInPieces) {
  for (int i = 0; i < 25'001; ++i) database_.write("many v=1 " + std::to_string(i));
  EXPECT_EQ(written("SELECT v INTO out FROM many"), "result time,written: 0,25001");
  EXPECT_EQ(database_.run("SELECT count(v) FROM out"), "out time,count: 0,25001");
}

}  // namespace
}  // namespace varve::influxql
