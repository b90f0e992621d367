// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/rows_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "io/random.h"
#include "query/influxql/execute/test_database.h"

namespace varve::influxql {
namespace {

std::string name_of(int host) { return "h" + std::to_string(host); }

// Hosts of few and of many rows, some with two series, some without a field.
std::vector<std::string> fill(TestDatabase& database) {
  SeededRandom random(7);
  std::vector<std::string> hosts;
  std::string lines;
  for (int host = 0; host < 25; ++host) {
    hosts.push_back(name_of(host));
    const uint64_t rows = host % 9 == 0 ? 90 : 1 + random.next_u64() % 5;
    for (uint64_t row = 0; row < rows; ++row) {
      lines += "m,host=" + name_of(host);
      if (host % 7 == 0) lines += row % 2 == 0 ? ",region=east" : ",region=west";
      lines += host % 5 == 1 ? " other=1" : " v=" + std::to_string(random.next_u64() % 10);
      if (row % 3 == 0) lines += ",s=\"x\"";
      lines += " " + std::to_string(random.next_u64() % 1000) + "\n";
    }
  }
  database.write(lines);
  std::ranges::sort(hosts);
  return hosts;
}

TEST(RowsAhead, AreThoseThatEachGroupAloneWouldGive) {
  TestDatabase database;
  const std::vector<std::string> hosts = fill(database);
  const std::string wanted[] = {"*", "v", "v, s", "v, region", "v + other", "derivative(v, 1s)",
                                "percentile(v, 50)", "top(v, 1)"};
  const std::string conditions[] = {"", "v > 3", "time >= 100s AND time < 700s", "v > other",
                                    "s = 'x'", "region = ''"};
  const std::string ends[] = {"", " LIMIT 1", " LIMIT 2 OFFSET 1", " LIMIT 70", " OFFSET 1"};
  for (const std::string& what : wanted) {
    for (const std::string& condition : conditions) {
      for (const std::string& end : ends) {
        for (const bool is_ascending : {true, false}) {
          const std::string order = is_ascending ? "" : " ORDER BY time DESC";
          const auto ask = [&](const std::string& host) {
            std::string where = condition;
            if (!host.empty()) where += (where.empty() ? "" : " AND ") + ("host = '" + host + "'");
            return database.run("SELECT " + what + " FROM m" +
                                (where.empty() ? "" : " WHERE " + where) + " GROUP BY host" +
                                order + end);
          };
          std::string expected;
          for (size_t i = 0; i < hosts.size(); ++i) {
            const auto part = ask(hosts[is_ascending ? i : hosts.size() - 1 - i]);
            if (!part.empty()) expected += (expected.empty() ? "" : "; ") + part;
          }
          EXPECT_EQ(ask(""), expected) << what << " | " << condition << " |" << order << end;
        }
      }
    }
  }
}

TEST(RowsAhead, AreNotHeldWhereMemoryIsShort) {
  TestDatabase database;
  std::string lines;
  for (int row = 0; row < 900; ++row) {
    lines += "m,host=" + name_of(row % 3) + " s=\"" + std::string(100, 'x') + "\" " +
             std::to_string(row) + "\n";
  }
  database.write(lines);
  const std::string wanted = database.run("SELECT s FROM m GROUP BY host");
  database.options().memory_bytes_max = 20'000;
  EXPECT_EQ(database.run("SELECT s FROM m GROUP BY host"), wanted);
}

TEST(RowsAhead, NeedOneScanForManyGroups) {
  TestDatabase database;
  std::string lines;
  for (int host = 0; host < 500; ++host) {
    lines += "m,host=" + name_of(host) + " v=1 " + std::to_string(host) + "\n";
    lines += "m,host=" + name_of(host) + " v=2 " + std::to_string(host + 500) + "\n";
  }
  database.write(lines);
  const size_t before = database.store().scans().size();
  EXPECT_NE(database.run("SELECT * FROM m GROUP BY * ORDER BY time DESC LIMIT 1"), "");
  ASSERT_EQ(database.store().scans().size(), before + 1);
  const ScanSpec& spec = database.store().scans().back();
  EXPECT_EQ(spec.series_rows_limit, 1u);
  EXPECT_TRUE(spec.descending);
  EXPECT_FALSE(spec.series.has_value());
}

}  // namespace
}  // namespace varve::influxql
