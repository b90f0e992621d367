// SPDX-License-Identifier: Apache-2.0
// The configuration as each room's options: the only place that knows both names.
#pragma once

#include <optional>
#include <string>

#include "auth/authenticator.h"
#include "base/log.h"
#include "base/memory_governor.h"
#include "catalog/catalog.h"
#include "engine/options.h"
#include "ingest/ingest.h"
#include "query/influxql/query.h"
#include "serve/http/options.h"
#include "serve/udp/listener.h"
#include "varve/config.h"

namespace varve {

/// Nothing when the listener is off.
std::optional<HttpServerOptions> http_options(const Config& config);
/// Nothing when it is off.
std::optional<udp::ListenerOptions> udp_options(const Config& config);
engine::EngineOptions engine_options(const Config& config, std::string directory);
CatalogLimits catalog_limits(const Config& config);
IngestOptions ingest_options(const Config& config);
influxql::QueryOptions query_options(const Config& config);
auth::AuthOptions auth_options(const Config& config);
Result<log::Options> log_options(const Config& config);
/// The limit of the configuration, or what this machine offers. kInvalidInput when it is too little
/// to work with.
Result<size_t> memory_limit_bytes(const Config& config);
/// Puts everybody under the governor, and lowers what one of them may hold where all of them
/// together would not fit. It outlives those who get the options.
void share_memory(MemoryGovernor& memory, HttpServerOptions& options);
void share_memory(MemoryGovernor& memory, engine::EngineOptions& options);
void share_memory(MemoryGovernor& memory, influxql::QueryOptions& options);
void share_memory(MemoryGovernor& memory, IngestOptions& options);
/// Threads that run queries, the cores counted when it is not said.
size_t query_threads(const Config& config);

}  // namespace varve
