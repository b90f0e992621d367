// SPDX-License-Identifier: Apache-2.0
// GET /debug/vars: what SHOW STATS and SHOW DIAGNOSTICS say, as the one JSON object that monitors
// of InfluxDB (Telegraf's inputs.influxdb) read: {"system": …, "memstats": …, "httpd": {name, tags,
// values}, "database:d": …, …}.
// Source: InfluxDB 1.x, services/httpd, Handler.serveExpvar.
#pragma once

#include "serve/influx/query.h"
#include "serve/influx/reply.h"

namespace varve::influx {

/// Threads: an event loop; the work is done in the pool.
void handle_debug_vars(const QueryServices& services, Reply reply);

}  // namespace varve::influx
