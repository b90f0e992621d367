// SPDX-License-Identifier: Apache-2.0
// Users, continuous queries and subscriptions by their statements.
#include <gtest/gtest.h>

#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

class Statements : public ::testing::Test {
 protected:
  void answers(std::string_view statement, std::string_view expected) {
    EXPECT_EQ(database_.run(statement), expected) << statement;
  }
  TestDatabase database_;
};

class Users : public Statements {};

TEST_F(Users, AreMadeListedAndDropped) {
  answers("SHOW USERS", "user,admin:");
  answers("CREATE USER bob WITH PASSWORD 'pw'", "");
  answers("CREATE USER ann WITH PASSWORD 'pw' WITH ALL PRIVILEGES", "");
  answers("SHOW USERS", "user,admin: 'bob',false 'ann',true");
  answers("CREATE USER bob WITH PASSWORD 'pw'", "");
  answers("CREATE USER bob WITH PASSWORD 'other'", "error: user already exists");
  answers("CREATE USER ann WITH PASSWORD 'pw'", "error: user already exists");
  answers("CREATE USER \"\" WITH PASSWORD 'pw'", "error: username required");
  answers("SET PASSWORD FOR bob = 'other'", "");
  answers("CREATE USER bob WITH PASSWORD 'other'", "");
  answers("SET PASSWORD FOR eve = 'other'", "error: user not found");
  answers("DROP USER bob", "");
  answers("DROP USER bob", "error: user not found");
  answers("SHOW USERS", "user,admin: 'ann',true");
}

TEST_F(Users, NeverHaveTheirPasswordKept) {
  answers("CREATE USER bob WITH PASSWORD 'secret'; SET PASSWORD FOR bob = 'secret'", " | ");
  const auto hash = database_.catalog().snapshot()->user("bob")->password.argon2id;
  EXPECT_TRUE(hash.starts_with("$argon2id$")) << hash;
  EXPECT_EQ(hash.find("secret"), std::string::npos);
}

TEST_F(Users, MayDoWhatTheyWereGrantedLast) {
  answers("CREATE USER u WITH PASSWORD ''; CREATE DATABASE a", " | ");
  answers("SHOW GRANTS FOR u", "database,privilege:");
  answers("GRANT READ ON db TO u; GRANT WRITE ON db TO u; GRANT ALL ON a TO u", " |  | ");
  answers("SHOW GRANTS FOR u", "database,privilege: 'a','ALL PRIVILEGES' 'db','WRITE'");
  answers("REVOKE READ ON db FROM u; REVOKE READ ON a FROM u", " | ");
  answers("SHOW GRANTS FOR u", "database,privilege: 'a','WRITE' 'db','WRITE'");
  answers("REVOKE ALL ON db FROM u; DROP DATABASE a", " | ");
  answers("SHOW GRANTS FOR u", "database,privilege: 'db','NO PRIVILEGES'");
  answers("GRANT ALL PRIVILEGES TO u; SHOW USERS; REVOKE ALL PRIVILEGES FROM u; SHOW USERS",
          " |  user,admin: 'u',true |  |  user,admin: 'u',false");
  answers("GRANT READ ON nosuch TO u", "error: database not found: nosuch");
  answers("REVOKE READ ON nosuch FROM u", "error: database not found: nosuch");
  answers("REVOKE READ ON db FROM eve", "error: user not found");
  answers("GRANT ALL PRIVILEGES TO eve", "error: user not found");
  answers("SHOW GRANTS FOR eve", "error: user not found");
}

class ContinuousQueries : public Statements {};

TEST_F(ContinuousQueries, AreKeptWithFullNames) {
  const std::string create =
      "CREATE CONTINUOUS QUERY c ON db BEGIN SELECT mean(v) INTO m5 FROM cpu GROUP BY time(5m) END";
  answers(create, "");
  answers("SHOW CONTINUOUS QUERIES",
          "db name,query: 'c','CREATE CONTINUOUS QUERY c ON db BEGIN SELECT mean(v) INTO "
          "db.autogen.m5 FROM db.autogen.cpu GROUP BY time(5m) END'");
  answers(create, "");
  answers("CREATE CONTINUOUS QUERY c ON db BEGIN SELECT max(v) INTO m5 FROM cpu GROUP BY time(5m) "
          "END",
          "error: continuous query already exists");
  EXPECT_EQ(database_.run("CREATE DATABASE x; CREATE CONTINUOUS QUERY d ON x BEGIN SELECT v INTO y "
                          "FROM db.autogen./c/, z END; SHOW CONTINUOUS QUERIES"),
            " |  | db name,query: 'c','CREATE CONTINUOUS QUERY c ON db BEGIN SELECT mean(v) INTO "
            "db.autogen.m5 FROM db.autogen.cpu GROUP BY time(5m) END'; x name,query: 'd','CREATE "
            "CONTINUOUS QUERY d ON x BEGIN SELECT v INTO x.autogen.y FROM db.autogen./c/, "
            "x.autogen.z END'")
      << "names without a database mean that of ON";
  answers("DROP CONTINUOUS QUERY c ON db; DROP CONTINUOUS QUERY c ON db", " | ");
  answers("DROP CONTINUOUS QUERY c ON nosuch", "");
  answers("SHOW CONTINUOUS QUERIES; DROP DATABASE x",
          "db name,query:; x name,query: 'd','CREATE CONTINUOUS QUERY d ON x BEGIN SELECT v INTO "
          "x.autogen.y FROM db.autogen./c/, x.autogen.z END' | ");
  answers("CREATE CONTINUOUS QUERY c ON db BEGIN SELECT v INTO nosuch.m FROM cpu END",
          "error: retention policy not found: db.nosuch");
  answers("CREATE CONTINUOUS QUERY c ON nosuch BEGIN SELECT v INTO m FROM cpu END",
          "error: database not found: nosuch");
}

class Subscriptions : public Statements {};

TEST_F(Subscriptions, AreKeptWithTheirPolicy) {
  answers("CREATE SUBSCRIPTION s ON db.autogen DESTINATIONS ALL 'http://a:9', 'udp://[::1]:9/x'",
          "");
  answers("SHOW SUBSCRIPTIONS", "db retention_policy,name,mode,destinations: "
                                "'autogen','s','ALL','http://a:9\nudp://[::1]:9/x'");
  answers("CREATE SUBSCRIPTION s ON db.autogen DESTINATIONS ANY 'http://a:9'",
          "error: subscription already exists");
  answers("CREATE SUBSCRIPTION t ON db.nosuch DESTINATIONS ANY 'http://a:9'",
          "error: retention policy not found: nosuch");
  answers("CREATE SUBSCRIPTION t ON nosuch.autogen DESTINATIONS ANY 'http://a:9'",
          "error: database not found: nosuch");
  for (const std::string url : {"bad url", "http://a", "http://a:", "ftp://a:9", "http://a:b",
                                "http://a:1:2", "a:9", "http://a b:9"}) {
    answers("CREATE SUBSCRIPTION t ON db.autogen DESTINATIONS ANY '" + url + "'",
            "error: invalid subscription URL: " + url);
  }
  answers("DROP SUBSCRIPTION t ON db.autogen", "error: subscription not found");
  answers("DROP SUBSCRIPTION s ON db.autogen", "");
  answers("SHOW SUBSCRIPTIONS", "");
}

}  // namespace
}  // namespace varve::influxql
