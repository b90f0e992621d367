// SPDX-License-Identifier: Apache-2.0
// How clients of InfluxDB 2 name a place and a unit: bucket "db/policy" and precision "ns".
// Source: InfluxDB 1.8, services/httpd, bucket2dbrp and Handler.serveWriteV2.
#pragma once

#include <string_view>

#include "base/result.h"
#include "codec/time_precision.h"
#include "ingest/ingest.h"

namespace varve::influx {

/// "db" means the default policy of db. kNotFound when no database is named.
Result<IngestTarget> read_bucket(std::string_view bucket);

/// "ns" or nothing, "us", "ms", "s". kInvalidInput.
Result<TimePrecision> parse_bucket_precision(std::string_view text);

}  // namespace varve::influx
