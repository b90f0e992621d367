// SPDX-License-Identifier: Apache-2.0
#include "stream/collect/host_collector.h"

#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"

namespace varve::collect {
namespace {

metrics::Counter& rounds_written() {
  static auto& counter =
      metrics::counter("varve_collect_rounds_total", "Samples of this machine that were stored.");
  return counter;
}
metrics::Counter& rounds_missed() {
  static auto& counter = metrics::counter(
      "varve_collect_rounds_missed_total", "Samples of this machine that were refused or late.");
  return counter;
}

}  // namespace

HostCollector::HostCollector(Catalog& catalog, Ingest& ingest, const Clock& clock,
                             std::unique_ptr<HostFacts> facts, HostCollectorOptions options)
    : catalog_(catalog),
      ingest_(ingest),
      clock_(clock),
      options_(std::move(options)),
      sampler_(std::move(facts), options_.host.empty() ? machine_name() : options_.host) {
  CHECK(options_.interval_ns > 0);
}

HostCollector::~HostCollector() { stop(); }

void HostCollector::start() {
  CHECK(!thread_.joinable());
  is_stopping_ = false;
  log::info("collect.started", {{"database", options_.database},
                                {"interval_ms", options_.interval_ns / 1'000'000}});
  thread_ = Thread("collect", [this] { run(); });
}

void HostCollector::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

// Wakes at multiples of the interval, so that times are regular: they then cost next to nothing.
void HostCollector::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    collect();
    const int64_t wait_ns = options_.interval_ns - clock_.now_ns() % options_.interval_ns;
    lock.lock();
    wake_.wait_for(lock, std::chrono::nanoseconds(wait_ns), [this] { return is_stopping_; });
  }
}

void HostCollector::collect() {
  if (progress_->is_awaited) {
    rounds_missed().add();
    return;
  }
  if (const auto made = ensure_database(); !made) return note(*progress_, made);
  const int64_t now_ns = clock_.now_ns();
  auto points = sampler_.sample(now_ns - now_ns % options_.interval_ns);
  progress_->is_awaited = true;
  ingest_.write({.database = options_.database, .policy = ""}, std::move(points),
                [progress = progress_](Result<IngestSummary> summary) {
                  note(*progress, summary ? Result<void>() : fail(summary.error()));
                  progress->is_awaited = false;
                });
}

Result<void> HostCollector::ensure_database() {
  if (catalog_.snapshot()->database(options_.database)) return {};
  TRY_VOID(catalog_.create_database(options_.database, std::nullopt));
  return {};
}

// A line when it begins to fail and one when it works again; not one each second.
void HostCollector::note(Progress& progress, const Result<void>& outcome) {
  (outcome ? rounds_written() : rounds_missed()).add();
  const bool was_failing = progress.is_failing.exchange(!outcome);
  if (!outcome && !was_failing) {
    log::warn("collect.failing", {{"reason", outcome.error().message}});
  }
  if (outcome && was_failing) log::info("collect.works_again");
}

}  // namespace varve::collect
