// SPDX-License-Identifier: Apache-2.0
#include "telemetry/prometheus_text.h"

#include <gtest/gtest.h>

#include <string>

#include "base/metrics.h"

namespace varve {
namespace {

// The lines of one family, comments included.
std::string family_text(const std::string& name) {
  const std::string text = prometheus_text();
  std::string lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    begin = end;
    const bool is_comment = line.starts_with("# HELP " + name + " ") ||
                            line.starts_with("# TYPE " + name + " ");
    if (is_comment || line.starts_with(name)) lines += line;
  }
  return lines;
}

TEST(PrometheusText, ShowsACounterWithItsLabels) {
  metrics::counter("varve_test_rows_total", "Rows acknowledged.", {{"door", "influx"}}).add(7);
  metrics::counter("varve_test_rows_total", "Rows acknowledged.", {{"door", "mysql"}}).add(2);
  EXPECT_EQ(family_text("varve_test_rows_total"),
            "# HELP varve_test_rows_total Rows acknowledged.\n"
            "# TYPE varve_test_rows_total counter\n"
            "varve_test_rows_total{door=\"influx\"} 7\n"
            "varve_test_rows_total{door=\"mysql\"} 2\n");
}

TEST(PrometheusText, ShowsAGaugeBelowZero) {
  metrics::gauge("varve_test_balance", "May be negative.").set(-3);
  EXPECT_EQ(family_text("varve_test_balance"),
            "# HELP varve_test_balance May be negative.\n"
            "# TYPE varve_test_balance gauge\n"
            "varve_test_balance -3\n");
}

TEST(PrometheusText, ShowsAHistogramWithCumulativeBuckets) {
  auto& histogram = metrics::histogram("varve_test_seconds", "Time.", {}, {0.1, 0.5, 2.5});
  for (const double seconds : {0.0625, 0.25, 0.25, 1.0, 8.0}) histogram.observe(seconds);
  EXPECT_EQ(family_text("varve_test_seconds"),
            "# HELP varve_test_seconds Time.\n"
            "# TYPE varve_test_seconds histogram\n"
            "varve_test_seconds_count 5\n"
            "varve_test_seconds_sum 9.5625\n"
            "varve_test_seconds_bucket{le=\"0.1\"} 1\n"
            "varve_test_seconds_bucket{le=\"0.5\"} 3\n"
            "varve_test_seconds_bucket{le=\"2.5\"} 4\n"
            "varve_test_seconds_bucket{le=\"+Inf\"} 5\n");
}

TEST(PrometheusText, KeepsLabelsAndHelpOnOneLine) {
  metrics::gauge("varve_test_odd", "Two\nlines \\ one.", {{"path", "a\"b\\c\nd"}}).set(1);
  EXPECT_EQ(family_text("varve_test_odd"),
            "# HELP varve_test_odd Two\\nlines \\\\ one.\n"
            "# TYPE varve_test_odd gauge\n"
            "varve_test_odd{path=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(PrometheusText, ShowsWholeNumbersAsTheyAre) {
  metrics::counter("varve_test_bytes_total", "Bytes.").add(123'456'789'012);
  EXPECT_TRUE(family_text("varve_test_bytes_total").ends_with(" 123456789012\n"));
}

TEST(PrometheusText, HoldsTheFiguresOfTheProcess) {
  for (const std::string name : {"varve_uptime_seconds", "process_resident_memory_bytes",
                                 "process_cpu_seconds_total", "process_open_fds"}) {
    const std::string text = family_text(name);
    EXPECT_NE(text.find("# TYPE " + name), std::string::npos) << name;
    EXPECT_NE(text.find("\n" + name + " "), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace varve
