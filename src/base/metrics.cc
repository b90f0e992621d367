// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>

#include "base/check.h"
#include "base/mutex.h"

namespace varve::metrics {
namespace {

// A family owns its metrics in deques: what counter() returned must never move.
template <class Metric>
struct Registered {
  // Builds the metric in place: atomics do not move.
  template <class... Arguments>
  explicit Registered(const Labels& its_labels, Arguments&&... arguments)
      : labels(its_labels), metric(std::forward<Arguments>(arguments)...) {}

  const Labels labels;
  Metric metric;
};

struct FamilyOwner {
  std::string help;
  Kind kind;
  std::deque<Registered<Counter>> counters;
  std::deque<Registered<Gauge>> gauges;
  std::deque<Registered<Histogram>> histograms;
};

struct Registry {
  Mutex mutex;
  std::map<std::string, FamilyOwner, std::less<>> families GUARDED_BY(mutex);
};

// Never destroyed: metrics live as long as the process.
Registry& registry() {
  static Registry& kept = *new Registry;
  return kept;
}

// Source: Prometheus, "Metric names and labels".
bool is_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_digit(c); });
}

FamilyOwner& family_of(Registry& all, std::string_view name, std::string_view help, Kind kind)
    REQUIRES(all.mutex) {
  auto found = all.families.find(name);
  if (found == all.families.end()) {
    CHECK(is_name(name));
    FamilyOwner family{std::string(help), kind, {}, {}, {}};
    found = all.families.emplace(std::string(name), std::move(family)).first;
  }
  CHECK(found->second.kind == kind);
  return found->second;
}

template <class Metric, class... Arguments>
Metric& find_or_add(std::deque<Registered<Metric>>& metrics, const Labels& labels,
                    Arguments&&... arguments) {
  for (auto& registered : metrics) {
    if (registered.labels == labels) return registered.metric;
  }
  return metrics.emplace_back(labels, std::forward<Arguments>(arguments)...).metric;
}

std::vector<double> default_bounds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
          0.1,    0.25,    0.5,    1,     2.5,    5,     10,   25,    30};
}

}  // namespace

Histogram::Histogram(std::vector<double> upper_bounds)
    : upper_bounds_(std::move(upper_bounds)), counts_(upper_bounds_.size() + 1) {
  CHECK(std::adjacent_find(upper_bounds_.begin(), upper_bounds_.end(), std::greater_equal<>()) ==
        upper_bounds_.end());
}

void Histogram::observe(double value) {
  if (std::isnan(value)) return;
  // A bound belongs to its own bucket: "le" means less or equal.
  const auto bound = std::lower_bound(upper_bounds_.begin(), upper_bounds_.end(), value);
  counts_[static_cast<size_t>(bound - upper_bounds_.begin())].fetch_add(1,
                                                                       std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot taken{.upper_bounds = upper_bounds_,
                 .bucket_counts = {},
                 .sum = sum_.load(std::memory_order_relaxed),
                 .count = 0};
  for (const auto& count : counts_) {
    taken.bucket_counts.push_back(count.load(std::memory_order_relaxed));
    // The sum of the buckets as read, so that the count never contradicts them.
    taken.count += taken.bucket_counts.back();
  }
  return taken;
}

Counter& counter(std::string_view name, std::string_view help, const Labels& labels) {
  Registry& all = registry();
  const MutexLock lock(all.mutex);
  return find_or_add(family_of(all, name, help, Kind::kCounter).counters, labels);
}

Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels) {
  Registry& all = registry();
  const MutexLock lock(all.mutex);
  return find_or_add(family_of(all, name, help, Kind::kGauge).gauges, labels);
}

Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels,
                     std::vector<double> upper_bounds) {
  if (upper_bounds.empty()) upper_bounds = default_bounds();
  Registry& all = registry();
  const MutexLock lock(all.mutex);
  return find_or_add(family_of(all, name, help, Kind::kHistogram).histograms, labels,
                     std::move(upper_bounds));
}

std::vector<Family> collect() {
  Registry& all = registry();
  const MutexLock lock(all.mutex);
  std::vector<Family> collected;
  for (const auto& [name, owner] : all.families) {
    Family family{.name = name, .help = owner.help, .kind = owner.kind, .samples = {}};
    for (const auto& counter : owner.counters) {
      family.samples.push_back({counter.labels, static_cast<double>(counter.metric.value()), {}});
    }
    for (const auto& gauge : owner.gauges) {
      family.samples.push_back({gauge.labels, static_cast<double>(gauge.metric.value()), {}});
    }
    for (const auto& histogram : owner.histograms) {
      family.samples.push_back({histogram.labels, 0, histogram.metric.snapshot()});
    }
    collected.push_back(std::move(family));
  }
  return collected;
}

}  // namespace varve::metrics
