// SPDX-License-Identifier: Apache-2.0
#include "telemetry/prometheus_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "telemetry/process_figures.h"

namespace varve {
namespace {

// The serializer escapes label values, but writes help as it stands.
// Source: Prometheus, "Text-based format", comments and help text.
std::string escaped_help(std::string_view help) {
  std::string escaped;
  for (const char c : help) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

prometheus::MetricType type_of(metrics::Kind kind) {
  switch (kind) {
    case metrics::Kind::kCounter: return prometheus::MetricType::Counter;
    case metrics::Kind::kGauge: return prometheus::MetricType::Gauge;
    case metrics::Kind::kHistogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram to_cumulative(const metrics::Histogram::Snapshot& snapshot) {
  prometheus::ClientMetric::Histogram histogram;
  histogram.sample_count = snapshot.count;
  histogram.sample_sum = snapshot.sum;
  uint64_t cumulative_count = 0;
  for (size_t bucket = 0; bucket < snapshot.bucket_counts.size(); ++bucket) {
    cumulative_count += snapshot.bucket_counts[bucket];
    const bool is_last = bucket == snapshot.upper_bounds.size();
    histogram.bucket.push_back(
        {.cumulative_count = cumulative_count,
         .upper_bound = is_last ? std::numeric_limits<double>::infinity()
                                : snapshot.upper_bounds[bucket]});
  }
  return histogram;
}

prometheus::ClientMetric to_metric(const metrics::Sample& sample, metrics::Kind kind) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  switch (kind) {
    case metrics::Kind::kCounter: metric.counter.value = sample.value; break;
    case metrics::Kind::kGauge: metric.gauge.value = sample.value; break;
    case metrics::Kind::kHistogram: metric.histogram = to_cumulative(sample.histogram); break;
  }
  return metric;
}

prometheus::MetricFamily to_family(const metrics::Family& family) {
  prometheus::MetricFamily converted{.name = family.name,
                                     .help = escaped_help(family.help),
                                     .type = type_of(family.kind),
                                     .metric = {}};
  for (const auto& sample : family.samples) {
    converted.metric.push_back(to_metric(sample, family.kind));
  }
  return converted;
}

void add_figure(std::vector<metrics::Family>& families, std::string name, std::string help,
                metrics::Kind kind, std::optional<double> value) {
  if (!value) return;
  families.push_back({.name = std::move(name),
                      .help = std::move(help),
                      .kind = kind,
                      .samples = {{.labels = {}, .value = *value, .histogram = {}}}});
}

std::optional<double> as_double(std::optional<uint64_t> value) {
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}

void add_process_figures(std::vector<metrics::Family>& families) {
  const ProcessFigures figures = read_process_figures();
  add_figure(families, "varve_uptime_seconds", "Time since the process started.",
             metrics::Kind::kGauge, figures.uptime_seconds);
  add_figure(families, "process_resident_memory_bytes", "Memory of the process in RAM.",
             metrics::Kind::kGauge, as_double(figures.resident_bytes));
  add_figure(families, "process_cpu_seconds_total", "User and system time of all threads.",
             metrics::Kind::kCounter, figures.cpu_seconds);
  add_figure(families, "process_open_fds", "Open file descriptors.", metrics::Kind::kGauge,
             as_double(figures.open_fds));
}

}  // namespace

std::string prometheus_text() {
  std::vector<metrics::Family> families = metrics::collect();
  add_process_figures(families);
  std::vector<prometheus::MetricFamily> converted;
  converted.reserve(families.size());
  for (const auto& family : families) converted.push_back(to_family(family));
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, converted);
  return std::move(text).str();
}

}  // namespace varve
