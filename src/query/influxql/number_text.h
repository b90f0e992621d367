// SPDX-License-Identifier: Apache-2.0
// Numbers as InfluxQL writes them: never with an exponent.
#pragma once

#include <string>

namespace varve::influxql {

/// The shortest digits that read back as the same double: "1.5", "100000000000000000000", "3".
/// "NaN", "+Inf", "-Inf" for what is no number.
std::string to_plain_text(double value);

}  // namespace varve::influxql
