// SPDX-License-Identifier: Apache-2.0
#include "stream/retention/retention_job.h"

#include <chrono>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"

namespace varve::retention {
namespace {

// Clocks are put right by seconds. One that steps further is believed when it has stood so long.
constexpr int64_t kStepMaxNs = int64_t{24} * 3600 * 1'000'000'000;
constexpr int64_t kSettleNs = int64_t{3600} * 1'000'000'000;

metrics::Counter& segments_dropped() {
  static auto& counter = metrics::counter("varve_retention_segments_dropped_total",
                                          "Segments whose rows no policy keeps any longer.");
  return counter;
}
metrics::Counter& runs() {
  static auto& counter =
      metrics::counter("varve_retention_runs_total", "Searches for segments beyond retention.");
  return counter;
}
metrics::Counter& runs_failed() {
  static auto& counter = metrics::counter(
      "varve_retention_runs_failed_total",
      "Searches for segments beyond retention that could not drop what they found.");
  return counter;
}

}  // namespace

RetentionJob::RetentionJob(Catalog& catalog, StoreAdmin& store, const Clock& clock,
                           RetentionOptions options)
    : catalog_(catalog),
      store_(store),
      clock_(clock),
      options_(options),
      ahead_ns_(clock.now_ns() - clock.steady_ns()) {
  CHECK(options_.interval_ns > 0);
  // They are shown from the start, not from the first event on.
  segments_dropped();
  runs_failed();
}

RetentionJob::~RetentionJob() { stop(); }

void RetentionJob::start() {
  CHECK(!thread_.joinable());
  is_stopping_ = false;
  thread_ = Thread("retention", [this] { run(); });
}

void RetentionJob::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void RetentionJob::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    note(run_once());
    lock.lock();
    wake_.wait_for(lock, std::chrono::nanoseconds(options_.interval_ns),
                   [this] { return is_stopping_; });
  }
}

bool RetentionJob::is_clock_settled(int64_t now_ns, int64_t steady_ns) {
  const int64_t ahead_ns = now_ns - steady_ns;
  if (ahead_ns - ahead_ns_ > kStepMaxNs) {
    if (!stepped_at_ns_) {
      log::warn("retention.clock_stepped",
                {{"hours", (ahead_ns - ahead_ns_) / 3'600'000'000'000},
                 {"believed_after_minutes", kSettleNs / 60'000'000'000}});
      stepped_at_ns_ = steady_ns;
    }
    if (steady_ns - *stepped_at_ns_ < kSettleNs) return false;
  }
  ahead_ns_ = ahead_ns;
  stepped_at_ns_.reset();
  return true;
}

Result<size_t> RetentionJob::run_once() {
  runs().add();
  const int64_t begin_ns = clock_.steady_ns();
  const CatalogSnapshotRef snapshot = catalog_.snapshot();
  const int64_t now_ns = clock_.now_ns();
  if (!is_clock_settled(now_ns, begin_ns)) return 0;
  SegmentsOfPolicy expired;
  std::vector<SegmentId> dropped = std::exchange(gone_last_, {});
  std::vector<SegmentId> gone;
  std::string policies;
  for (const auto& [name, database] : snapshot->databases) {
    for (const PolicyRef& policy : database->policies) {
      for (const Segment& segment : policy->expired_segments(now_ns)) {
        expired[policy->id].push_back(segment.id);
        gone.push_back(segment.id);
      }
      if (!expired.contains(policy->id)) continue;
      if (!policies.empty()) policies += ", ";
      policies += name + "." + policy->name;
    }
  }
  dropped.insert(dropped.end(), gone.begin(), gone.end());
  if (dropped.empty()) return 0;
  TRY_VOID(store_.drop_segments(dropped));
  for (const auto& [policy, segments] : expired) {
    TRY_VOID(catalog_.drop_segments(policy, segments));
  }
  gone_last_ = gone;
  segments_dropped().add(gone.size());
  if (!gone.empty()) {
    log::info("retention.dropped", {{"segments", gone.size()},
                                    {"policies", policies},
                                    {"took_ms", (clock_.steady_ns() - begin_ns) / 1'000'000}});
  }
  return gone.size();
}

// A line when it begins to fail and one when it works again; not one each time.
void RetentionJob::note(const Result<size_t>& outcome) {
  if (!outcome) runs_failed().add();
  if (!outcome && !is_failing_) {
    log::warn("retention.failing", {{"reason", outcome.error().message}});
  }
  if (outcome && is_failing_) log::info("retention.works_again");
  is_failing_ = !outcome;
}

}  // namespace varve::retention
