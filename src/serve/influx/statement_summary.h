// SPDX-License-Identifier: Apache-2.0
// What statements cost, by their shape: the same text with other numbers and texts is one entry.
//
//   query thread ──record()──▶ [ entries by (database, normalised text), least lately used goes ]
//                                          └──▶ list() ──▶ GET /api/v1/statements
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/checksum.h"
#include "base/mutex.h"

namespace varve::influx {

/// The statement's text (as ast_text.h prints it, so without passwords) with each literal replaced
/// by `?`. Pure.
std::string normalized_statement(std::string_view text);

/// One statement that ran.
struct StatementRun {
  std::string_view text;  ///< As ast_text.h prints it.
  std::string_view database;
  int64_t took_ns = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;  ///< Of the answer, before compression.
  bool failed = false;
  int64_t now_ns = 0;
};

/// How long runs took, within an eighth. A value.
class LatencyHistogram {
 public:
  void add(uint64_t microseconds);
  /// The time that this share of the runs stayed below; 0 when there were none.
  uint64_t quantile_us(double share) const;

 private:
  // Eight steps for each power of two: bucket 8 * exponent + eighth.
  static constexpr size_t kBuckets = 8 * 40;
  std::array<uint32_t, kBuckets> counts_{};
  uint64_t total_ = 0;
};

struct StatementEntry {
  std::string normalized;
  std::string sample;  ///< The latest.
  std::string database;
  std::string type;  ///< Its first word.
  Hash128 digest;
  uint64_t runs = 0;
  uint64_t errors = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t sum_us = 0;
  uint64_t min_us = 0;
  uint64_t max_us = 0;
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  LatencyHistogram latency;
};

/// Threads: safe anywhere.
class StatementSummary {
 public:
  static constexpr size_t kTextBytesMax = 4 * 1024;  ///< Longer texts are cut.

  /// 0: keeps nothing.
  explicit StatementSummary(size_t entries_max) : entries_max_(entries_max) {}

  bool is_on() const { return entries_max_ > 0; }
  void record(const StatementRun& run);
  /// Most lately used first.
  std::vector<StatementEntry> list() const;
  void clear();

 private:
  const size_t entries_max_;
  mutable Mutex mutex_;
  std::list<StatementEntry> entries_ GUARDED_BY(mutex_);
  std::unordered_map<Hash128, std::list<StatementEntry>::iterator> index_ GUARDED_BY(mutex_);
};

}  // namespace varve::influx
