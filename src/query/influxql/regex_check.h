// SPDX-License-Identifier: Apache-2.0
// Whether a pattern is a regular expression, in the words of Go's regexp package, which InfluxDB
// passes on to its users.
#pragma once

#include <string_view>

#include "base/result.h"

namespace varve::influxql {

/// "error parsing regexp: missing closing ]: `[`".
Result<void> check_regex(std::string_view pattern);

}  // namespace varve::influxql
