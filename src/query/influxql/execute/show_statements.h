// SPDX-License-Identifier: Apache-2.0
// SHOW MEASUREMENTS, SERIES, TAG KEYS, TAG VALUES, FIELD KEYS and their cardinalities.
#pragma once

#include "base/result.h"
#include "query/influxql/ast.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/execute/statement_context.h"

namespace varve::influxql {

Result<void> execute(const ShowMeasurementsStatement& statement, StatementContext& context,
                     Answer& answer);
Result<void> execute(const ShowSeriesStatement& statement, StatementContext& context,
                     Answer& answer);
Result<void> execute(const ShowTagKeysStatement& statement, StatementContext& context,
                     Answer& answer);
Result<void> execute(const ShowTagValuesStatement& statement, StatementContext& context,
                     Answer& answer);
Result<void> execute(const ShowFieldKeysStatement& statement, StatementContext& context,
                     Answer& answer);
Result<void> execute(const ShowCardinalityStatement& statement, StatementContext& context,
                     Answer& answer);

}  // namespace varve::influxql
