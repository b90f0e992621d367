// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/statement_summary.h"

#include <gtest/gtest.h>

namespace varve::influx {
namespace {

TEST(NormalizedStatement, HasNoLiteralLeft) {
  const auto is = [](std::string_view text, std::string_view normalized) {
    EXPECT_EQ(normalized_statement(text), normalized);
  };
  is("SELECT mean(v) FROM cpu WHERE time > now() - 5m AND host = 'a' GROUP BY time(1m30s)",
     "SELECT mean(v) FROM cpu WHERE time > now() - ? AND host = ? GROUP BY time(?)");
  is("SELECT v1, \"2nd\", a_3 / 2.5 FROM db.\"30d\".m LIMIT 10",
     "SELECT v1, \"2nd\", a_3 / ? FROM db.\"30d\".m LIMIT ?");
  is("SELECT /a'b/ FROM /^c\\/d/ WHERE h =~ /x y/ AND g !~ /z/",
     "SELECT ? FROM ? WHERE h =~ ? AND g !~ ?");
  is("SELECT a / b FROM m WHERE s = 'it\\'s 7'", "SELECT a / b FROM m WHERE s = ?");
  is("CREATE USER bob WITH PASSWORD [REDACTED]", "CREATE USER bob WITH PASSWORD [REDACTED]");
  is("SELECT 'open", "SELECT ?");
  is("'\\", "?");
  is("", "");
}

TEST(LatencyHistogram, KnowsQuantilesWithinAnEighth) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile_us(0.5), 0u);
  for (uint64_t us = 1; us <= 1'000; ++us) histogram.add(us);
  for (const auto& [share, wanted] : {std::pair{0.5, 500.0}, {0.95, 950.0}, {0.99, 990.0}}) {
    EXPECT_NEAR(static_cast<double>(histogram.quantile_us(share)), wanted, wanted / 8) << share;
  }
  histogram.add(0);
  histogram.add(UINT64_MAX);
  EXPECT_GT(histogram.quantile_us(1), 1'000u);
}

TEST(StatementSummary, AddsUpRunsOfOneShape) {
  StatementSummary summary(10);
  summary.record({.text = "SELECT v FROM m WHERE h = 'a'", .database = "db", .took_ns = 2'000'000,
                  .rows = 3, .bytes = 100, .now_ns = 1});
  summary.record({.text = "SELECT v FROM m WHERE h = 'b'", .database = "db", .took_ns = 4'000'000,
                  .failed = true, .now_ns = 2});
  summary.record({.text = "SELECT v FROM m WHERE h = 'b'", .database = "other", .now_ns = 3});
  const auto all = summary.list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].database, "other");
  const auto& entry = all[1];
  EXPECT_EQ(entry.normalized, "SELECT v FROM m WHERE h = ?");
  EXPECT_EQ(entry.sample, "SELECT v FROM m WHERE h = 'b'");
  EXPECT_EQ(entry.type, "SELECT");
  EXPECT_EQ(entry.runs, 2u);
  EXPECT_EQ(entry.errors, 1u);
  EXPECT_EQ(entry.rows, 3u);
  EXPECT_EQ(entry.bytes, 100u);
  EXPECT_EQ(entry.sum_us, 6'000u);
  EXPECT_EQ(entry.min_us, 2'000u);
  EXPECT_EQ(entry.max_us, 4'000u);
  EXPECT_EQ(entry.first_ns, 1);
  EXPECT_EQ(entry.last_ns, 2);
  summary.clear();
  EXPECT_TRUE(summary.list().empty());
}

TEST(StatementSummary, StaysWithinItsBounds) {
  StatementSummary summary(2);
  const auto run = [&](std::string_view text) { summary.record({.text = text}); };
  run("SELECT a FROM m");
  run("SELECT b FROM m");
  run("SELECT a FROM m");
  run("SELECT c FROM m");
  const auto all = summary.list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].sample, "SELECT c FROM m");
  EXPECT_EQ(all[1].sample, "SELECT a FROM m") << "what was used least lately went";
  run("SELECT " + std::string(100'000, 'x') + " FROM m");
  EXPECT_LE(summary.list()[0].sample.size(), StatementSummary::kTextBytesMax);
  EXPECT_LE(summary.list()[0].normalized.size(), StatementSummary::kTextBytesMax);
  StatementSummary off(0);
  off.record({.text = "SELECT a FROM m"});
  EXPECT_TRUE(off.list().empty());
}

}  // namespace
}  // namespace varve::influx
