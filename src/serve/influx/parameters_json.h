// SPDX-License-Identifier: Apache-2.0
// The `params` of /query: JSON to values for `$name`.
#pragma once

#include <string_view>

#include "base/result.h"
#include "query/influxql/parameters.h"

namespace varve::influx {

/// Errors: kInvalidInput with the sentence that InfluxDB would answer, "error parsing query
/// parameters: …". Pure.
Result<influxql::Parameters> parse_parameters(std::string_view json);

}  // namespace varve::influx
