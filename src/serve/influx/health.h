// SPDX-License-Identifier: Apache-2.0
// GET /health: whether this server takes writes and answers queries.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "serve/influx/reply.h"

namespace varve::influx {

struct HealthReport {
  bool writable = true;
  std::string reason = {};               ///< Why it does not take writes.
  std::vector<std::string> damage = {};  ///< Files left out of answers.
  uint64_t quarantined_files = 0;        ///< Sorted files among them.
  uint64_t deletes_pending = 0;          ///< Not yet applied to every file.
};

/// Asked at each request, on an event loop: must not block.
using HealthSource = std::function<HealthReport()>;

/// The fields of InfluxDB's answer, and how many files are quarantined and deletes pending. 200
/// "pass", or 503 "fail" while writes are refused. Damaged files stand among the checks, and do not
/// fail the whole.
void handle_health(const HealthSource& source, const Reply& reply);

}  // namespace varve::influx
