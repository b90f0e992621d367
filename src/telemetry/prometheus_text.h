// SPDX-License-Identifier: Apache-2.0
// Every metric of the process as Prometheus text.
#pragma once

#include <string>

namespace varve {

/// What `GET /metrics` answers: text format 0.0.4. Also holds process figures
/// (varve_uptime_seconds, process_resident_memory_bytes, process_cpu_seconds_total,
/// process_open_fds). Threads: safe anywhere.
std::string prometheus_text();

}  // namespace varve
