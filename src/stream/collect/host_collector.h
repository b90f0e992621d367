// SPDX-License-Identifier: Apache-2.0
// The collector inside Varve: writes this machine's figures, every second, as a client would.
//
//   auto collector = collect::HostCollector(catalog, ingest, clock, std::move(facts), {});
//   collector.start();   …   collector.stop();
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/thread.h"
#include "catalog/catalog.h"
#include "ingest/ingest.h"
#include "io/clock.h"
#include "stream/collect/host_facts.h"
#include "stream/collect/host_sampler.h"

namespace varve::collect {

struct HostCollectorOptions {
  std::string database = "host";  ///< Made when it is missing, also later.
  std::string host;               ///< The tag of every point; empty: the machine's name.
  int64_t interval_ns = 1'000'000'000;
};

/// Threads: start() and stop() by one owner; the work has a thread of its own.
class HostCollector {
 public:
  /// The collaborators outlive it. Requires an interval above zero.
  HostCollector(Catalog& catalog, Ingest& ingest, const Clock& clock,
                std::unique_ptr<HostFacts> facts, HostCollectorOptions options);
  ~HostCollector();

  void start();
  /// Waits until the round in progress is over; an answer to it may still come.
  void stop();

  /// One round: samples and writes, at the present time rounded down to the interval. Leaves a
  /// round out while the answer to the one before is still awaited. For the own thread, and for
  /// tests that never start().
  void collect();

 private:
  /// Outlives the collector in the hands of a write that is under way.
  struct Progress {
    std::atomic<bool> is_awaited{false};
    std::atomic<bool> is_failing{false};
  };

  void run();
  Result<void> ensure_database();
  static void note(Progress& progress, const Result<void>& outcome);

  Catalog& catalog_;
  Ingest& ingest_;
  const Clock& clock_;
  const HostCollectorOptions options_;
  HostSampler sampler_;
  std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;  // Under mutex_.
  Thread thread_;
};

}  // namespace varve::collect
