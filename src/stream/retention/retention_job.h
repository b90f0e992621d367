// SPDX-License-Identifier: Apache-2.0
// Makes rows go when their policy does not keep them any longer: whole segments, at the start and
// then every interval.
//
//   RetentionJob job(catalog, store, clock, {});
//   job.start();   …   job.stop();
//
// A segment goes when it ended at least the policy's duration ago, so its youngest row is older
// than that. First its rows, then its record: a crash between the two leaves a segment that the
// next run finds again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "catalog/catalog.h"
#include "io/clock.h"
#include "store/store.h"

namespace varve::retention {

struct RetentionOptions {
  int64_t interval_ns = int64_t{30} * 60 * 1'000'000'000;  ///< InfluxDB's check-interval.
};

/// Threads: start() and stop() by one owner; the work has a thread of its own.
class RetentionJob {
 public:
  /// The collaborators outlive it. Requires an interval above zero.
  RetentionJob(Catalog& catalog, StoreAdmin& store, const Clock& clock, RetentionOptions options);
  ~RetentionJob();

  /// The first run begins at once.
  void start();
  /// Waits until the run in progress is over.
  void stop();

  /// One run; gives the number of segments that went. For the own thread, and for tests that never
  /// start(). After an error what is left is tried again by the next run.
  Result<size_t> run_once();

 private:
  using SegmentsOfPolicy = std::map<PolicyId, std::vector<SegmentId>>;

  void run();
  void note(const Result<size_t>& outcome);
  /// False while the wall clock stands where it stepped to not long ago: it may be a mistake, and
  /// what is dropped does not come back.
  bool is_clock_settled(int64_t now_ns, int64_t steady_ns);

  Catalog& catalog_;
  StoreAdmin& store_;
  const Clock& clock_;
  const RetentionOptions options_;
  // Of the run before: a write may have been on its way to them while they went, and what it left
  // has no record that another run could find.
  std::vector<SegmentId> gone_last_;
  bool is_failing_ = false;
  // What the wall clock is ahead of the steady one: as it was last believed, and since when (by the
  // steady clock) it is far more.
  int64_t ahead_ns_;
  std::optional<int64_t> stepped_at_ns_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;  // Under mutex_.
  Thread thread_;
};

}  // namespace varve::retention
