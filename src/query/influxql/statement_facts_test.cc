// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/statement_facts.h"

#include <gtest/gtest.h>

#include "query/influxql/parser.h"

namespace varve::influxql {
namespace {

Statement parse_one(std::string_view text) {
  auto parsed = parse_query(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed ? parsed->at(0) : Statement{};
}

// "admin", or "READ db, WRITE" for a database by name and the request's.
std::string privileges(std::string_view text) {
  std::string shown;
  for (const auto& needed : required_privileges(parse_one(text))) {
    if (!shown.empty()) shown += ", ";
    if (needed.is_admin) {
      shown += "admin";
      continue;
    }
    shown += to_string(needed.privilege);
    if (!needed.database.empty()) shown += " " + needed.database;
  }
  return shown;
}

TEST(StatementFacts, SaysWhichPrivilegesAreNeeded) {
  EXPECT_EQ(privileges("SELECT v FROM m"), "READ");
  EXPECT_EQ(privileges("SELECT v FROM a..m, (SELECT v FROM b..n)"), "READ a, READ b");
  EXPECT_EQ(privileges("SELECT v INTO c..t FROM m"), "READ, WRITE c");
  EXPECT_EQ(privileges("EXPLAIN SELECT v FROM a..m"), "READ a");
  EXPECT_EQ(privileges("SHOW DATABASES"), "NO PRIVILEGES");
  EXPECT_EQ(privileges("SHOW SERIES ON a"), "READ a");
  EXPECT_EQ(privileges("SHOW TAG KEY CARDINALITY ON a FROM b..m"), "READ a, READ b");
  EXPECT_EQ(privileges("SHOW QUERIES"), "READ");
  EXPECT_EQ(privileges("SHOW USERS"), "admin");
  EXPECT_EQ(privileges("SHOW GRANTS FOR u"), "admin");
  EXPECT_EQ(privileges("DELETE FROM m"), "WRITE");
  EXPECT_EQ(privileges("DROP SERIES FROM m"), "WRITE");
  EXPECT_EQ(privileges("DROP MEASUREMENT m"), "admin");
  EXPECT_EQ(privileges("DROP RETENTION POLICY p ON a"), "WRITE a");
  EXPECT_EQ(privileges("CREATE DATABASE a"), "admin");
  EXPECT_EQ(privileges("CREATE USER u WITH PASSWORD 'x'"), "admin");
  EXPECT_EQ(privileges("KILL QUERY 1"), "admin");
  EXPECT_EQ(privileges("CREATE CONTINUOUS QUERY c ON a BEGIN SELECT v INTO b..t FROM m END"),
            "READ a, WRITE b");
  EXPECT_EQ(privileges("DROP CONTINUOUS QUERY c ON a"), "WRITE a");
}

TEST(StatementFacts, SaysWhichDatabaseAStatementNames) {
  EXPECT_EQ(default_database(parse_one("SHOW SERIES ON a")), "a");
  EXPECT_EQ(default_database(parse_one("SHOW SERIES")), "");
  EXPECT_EQ(default_database(parse_one("SELECT v FROM a..m")), "");
  EXPECT_EQ(default_database(parse_one("GRANT READ ON a TO u")), "a");
  EXPECT_EQ(default_database(parse_one("DROP RETENTION POLICY p ON a")), "a");
  EXPECT_EQ(default_database(parse_one("CREATE DATABASE a")), "");
}

TEST(StatementFacts, KnowsWhatChangesState) {
  for (const std::string_view text :
       {"SELECT v FROM m", "EXPLAIN SELECT v INTO t FROM m", "SHOW DATABASES", "SHOW QUERIES",
        "SHOW SERIES CARDINALITY", "SHOW MATERIALIZED VIEWS", "SHOW STATS"}) {
    EXPECT_FALSE(changes_state(parse_one(text))) << text;
    EXPECT_FALSE(read_only_warning(parse_one(text))) << text;
  }
  for (const std::string_view text :
       {"SELECT v INTO t FROM m", "CREATE DATABASE a", "DROP SHARD 1", "KILL QUERY 1",
        "SET PASSWORD FOR u = 'x'", "GRANT ALL TO u", "DROP SERIES FROM m",
        "DROP MATERIALIZED VIEW v"}) {
    EXPECT_TRUE(changes_state(parse_one(text))) << text;
    EXPECT_TRUE(read_only_warning(parse_one(text))) << text;
  }
}

TEST(StatementFacts, WarnsOfChangesOverGetExceptForDelete) {
  EXPECT_EQ(read_only_warning(parse_one("CREATE USER u WITH PASSWORD 'x'")),
            "deprecated use of 'CREATE USER u WITH PASSWORD [REDACTED]' in a read only context, "
            "please use a POST request instead");
  EXPECT_TRUE(changes_state(parse_one("DELETE FROM m")));
  EXPECT_EQ(read_only_warning(parse_one("DELETE FROM m")), std::nullopt);
}

TEST(StatementFacts, RedactsPasswordsInAnyText) {
  EXPECT_EQ(redact_passwords("create user u with password 'a b'; select"),
            "create user u with password [REDACTED]; select");
  EXPECT_EQ(redact_passwords("SET PASSWORD FOR u='it\\'s = x' ; SHOW USERS"),
            "SET PASSWORD FOR u=[REDACTED] ; SHOW USERS");
  EXPECT_EQ(redact_passwords("SET PASSWORD FOR u = \"never closed"),
            "SET PASSWORD FOR u = [REDACTED]");
  EXPECT_EQ(redact_passwords("CREATE USER u WITH PASSWORD 'secret' WITH ALL PRIVILEGES"),
            "CREATE USER u WITH PASSWORD [REDACTED] WITH ALL PRIVILEGES");
  EXPECT_EQ(redact_passwords("SET PASSWORD FOR \"u\" = 'secret'"),
            "SET PASSWORD FOR \"u\" = [REDACTED]");
  EXPECT_EQ(redact_passwords("CREATE USER u WITH PASSWORD secret oops"),
            "CREATE USER u WITH PASSWORD [REDACTED] oops");
  EXPECT_EQ(redact_passwords("SELECT password FROM m"), "SELECT password FROM m");
}

}  // namespace
}  // namespace varve::influxql
