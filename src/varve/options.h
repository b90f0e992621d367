// SPDX-License-Identifier: Apache-2.0
// The configuration as each room's options: the only place that knows both names.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "catalog/catalog.h"
#include "engine/options.h"
#include "ingest/ingest.h"
#include "query/influxql/query.h"
#include "serve/http/options.h"
#include "varve/config.h"

namespace varve {

/// Nothing when the listener is off.
std::optional<HttpServerOptions> http_options(const Config& config);
engine::EngineOptions engine_options(const Config& config, std::string directory);
CatalogLimits catalog_limits(const Config& config);
IngestOptions ingest_options(const Config& config);
influxql::QueryOptions query_options(const Config& config);
Result<log::Options> log_options(const Config& config);
/// Threads that run queries, the cores counted when it is not said.
size_t query_threads(const Config& config);

}  // namespace varve
