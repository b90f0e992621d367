// SPDX-License-Identifier: Apache-2.0
// Errors as the InfluxDB door numbers them.
#pragma once

#include "base/result.h"

namespace varve::influx {

int status_of(ErrorCode code);

/// Of an error that /write gets from below. InfluxDB answers 404 when the database is unknown, but
/// 500 when the policy is. Beyond a limit of cardinality it is 422.
int write_status_of(const Error& error);

}  // namespace varve::influx
