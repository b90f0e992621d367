// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms, declared beside the code that feeds them:
//
//   metrics::Counter& rows_written =
//       metrics::counter("varve_rows_written_total", "Rows acknowledged.");
//   rows_written.add(rows);
//
// They live as long as the process. `telemetry` turns them into Prometheus text.
// Threads: registration takes a lock once; add/set/observe are relaxed atomics, safe anywhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace varve::metrics {

/// Label names and values, in a fixed order. Values must come from a bounded set.
using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(int64_t delta) { value_.fetch_add(delta, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

/// Counts observations (seconds, or bytes: the name says) in fixed buckets.
class Histogram {
 public:
  /// Requires bounds that rise.
  explicit Histogram(std::vector<double> upper_bounds);
  /// Ignores what is not a number.
  void observe(double value);

  struct Snapshot {
    std::vector<double> upper_bounds;       ///< Without +Inf.
    std::vector<uint64_t> bucket_counts;    ///< Not cumulative; one more than upper_bounds.
    double sum = 0;
    uint64_t count = 0;
  };
  Snapshot snapshot() const;

 private:
  std::vector<double> upper_bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

/// The same name and labels give the same object; help and bounds are those of the first call.
/// CHECKs that one name has one kind and is a name for Prometheus.
Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
/// Empty bounds: 0.0001 s … 30 s in 1-2.5-5 steps.
Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                     std::vector<double> upper_bounds = {});

enum class Kind : uint8_t { kCounter, kGauge, kHistogram };

/// One metric as it stands now.
struct Sample {
  Labels labels;
  double value = 0;                ///< Of a counter or gauge.
  Histogram::Snapshot histogram;   ///< Of a histogram.
};
struct Family {
  std::string name;
  std::string help;
  Kind kind = Kind::kCounter;
  std::vector<Sample> samples;
};

/// Every registered family, sorted by name.
std::vector<Family> collect();

}  // namespace varve::metrics
