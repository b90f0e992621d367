// SPDX-License-Identifier: Apache-2.0
// The WHERE of SHOW MEASUREMENTS: each comparison is asked of a measurement as a whole.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/listed_series.h"

namespace varve::influxql {

/// `host = 'a'` holds when some series has it; `host != 'a'` when the measurement has the tag and
/// no series has that value. AND and OR join the answers. Errors are InfluxDB's: `invalid tag
/// comparison operator` …
/// Source: InfluxDB 1.8, tsdb.IndexSet.measurementNamesByExpr.
Result<bool> holds_for_measurement(const Expression& condition, const std::string& name,
                                   const std::vector<TagSet>& series);

/// Fails unless every comparison is one of = != =~ !~.
Result<void> check_tag_operators(const std::optional<Expression>& condition);

}  // namespace varve::influxql
