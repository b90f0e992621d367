// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/time_zone_check.h"

#include <date/tz.h>

#include <exception>

namespace varve::influxql {

bool is_known_time_zone(std::string_view name) {
  if (name == "UTC" || name == "Local") return true;
  // The library says "unknown" by throwing; here is where that ends.
  try {
    return date::locate_zone(name) != nullptr;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace varve::influxql
