// SPDX-License-Identifier: Apache-2.0
// Whether this machine knows a time zone.
#pragma once

#include <string_view>

namespace varve::influxql {

/// True for IANA names of the system's database, "UTC" and "Local". Threads: safe anywhere.
bool is_known_time_zone(std::string_view name);

}  // namespace varve::influxql
