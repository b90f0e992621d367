// SPDX-License-Identifier: Apache-2.0
// The InfluxDB v1 door: which path asks for what.
//
//   /ping /status   /health /health/ready   /metrics   /write   /query
#pragma once

#include <cstddef>

#include "ingest/ingest.h"
#include "io/clock.h"
#include "query/influxql/query.h"
#include "serve/http/handler.h"
#include "serve/http/worker_pool.h"
#include "serve/influx/health.h"

namespace varve::influx {

struct DoorOptions {
  size_t body_bytes_max = 26'214'400;  ///< Of a decompressed body.
};

/// Threads: as HttpHandler.
class InfluxDoor final : public HttpHandler {
 public:
  /// The collaborators outlive the door.
  InfluxDoor(const Catalog& catalog, Ingest& ingest, const influxql::InfluxqlEngine& queries,
             WorkerPool& query_pool, const Clock& clock, HealthSource health, DoorOptions options);

  /// Ends queries that nobody waits for. Others end with their connections.
  void stop() { stopping_->store(true); }

  void handle(HttpRequest request, Responder responder) override;
  HttpResponse refuse(const HttpRequest& head, int status, std::string_view why) override;

 private:
  void handle_ping(const HttpRequest& request, const Reply& reply) const;

  const Catalog& catalog_;
  Ingest& ingest_;
  const influxql::InfluxqlEngine& queries_;
  WorkerPool& query_pool_;
  const Clock& clock_;
  HealthSource health_;
  DoorOptions options_;
  CancelFlag stopping_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace varve::influx
