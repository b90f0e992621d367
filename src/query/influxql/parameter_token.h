// SPDX-License-Identifier: Apache-2.0
// The word that a parameter's value becomes.
#pragma once

#include "query/influxql/parameters.h"
#include "query/influxql/token.h"

namespace varve::influxql {

/// Makes the token, a `$name`, that of the value; its position stays. A ParameterError leaves it a
/// parameter, for the parser to refuse.
void replace_by_parameter(Token& token, const Parameter& parameter);

}  // namespace varve::influxql
