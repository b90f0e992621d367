// SPDX-License-Identifier: Apache-2.0
// The InfluxDB v1 door: which path asks for what.
//
//   /ping /status   /health /health/ready   /metrics   /debug/vars   /write   /query
//   /api/v2/write   /api/v2/delete   /api/v2/buckets   /api/v1/prom/write   /api/v1/prom/read
//   /api/v1/statements
//
// Everything but /ping, /status, /health and (unless the options say otherwise) /metrics goes
// through for_user(), which finds out who asks; the endpoint then checks what they may do.
#pragma once

#include <cstddef>
#include <functional>

#include "auth/identity.h"
#include "ingest/ingest.h"
#include "io/clock.h"
#include "query/influxql/query.h"
#include "serve/access/access.h"
#include "serve/http/handler.h"
#include "serve/http/worker_pool.h"
#include "serve/influx/health.h"
#include "serve/influx/query.h"
#include "serve/influx/rate_limit.h"
#include "serve/influx/reply.h"
#include "serve/influx/statement_summary.h"

namespace varve::influx {

struct DoorOptions {
  size_t body_bytes_max = 26'214'400;  ///< Of a decompressed body.
  bool ping_needs_user = false;     ///< /ping and /status, where users are asked at all.
  bool metrics_need_admin = false;  ///< /metrics and /debug/vars.
  /// Of writes, and of queries: more are answered with 429, whoever asks. 0: no limit.
  uint64_t requests_per_second_max = 0;
  size_t statements_max = 1'000;  ///< Shapes of statements that /api/v1/statements knows; 0: off.
  int64_t slow_query_ns = 0;      ///< Statements that take as long are logged; 0: none.
  size_t held_answer_bytes_max = size_t{256} << 20;  ///< See QueryServices.
  size_t write_threads = 0;  ///< For bodies that event loops cannot wait for; 0: one a core.
};

/// Threads: as HttpHandler.
class InfluxDoor final : public HttpHandler {
 public:
  /// The collaborators outlive the door.
  InfluxDoor(const Catalog& catalog, Ingest& ingest, const influxql::InfluxqlEngine& queries,
             WorkerPool& query_pool, const Access& access, const Clock& clock, HealthSource health,
             DoorOptions options);

  /// Ends queries that nobody waits for. Others end with their connections.
  void stop() { detached_.stop(); }
  /// Finishes the writes that event loops gave away. After the server has stopped.
  void finish() { write_pool_.stop(); }

  void handle(HttpRequest request, Responder responder) override;
  HttpResponse refuse(const HttpRequest& head, int status, std::string_view why) override;

 private:
  /// What a path does for somebody. Runs on an event loop or a hashing thread: must not wait.
  using Endpoint = std::function<void(HttpRequest request, Reply reply, const auth::Identity& who)>;

  /// Calls the endpoint with whoever asks, or answers 401 (503 when too many ask) in its place.
  void for_user(HttpRequest request, Reply reply, Endpoint endpoint) const;
  /// The same, but answers 403 to whoever is no administrator.
  void for_admin(HttpRequest request, Reply reply, Endpoint endpoint) const;
  /// For everybody, or for administrators where the options say so.
  void for_monitor(HttpRequest request, Reply reply, const Endpoint& endpoint) const;
  /// False when the request came too early; it is then answered.
  bool is_within(RateLimit& limit, const Reply& reply);
  QueryServices services() {
    return {catalog_,
            queries_,
            query_pool_,
            detached_,
            &summary_,
            options_.slow_query_ns,
            options_.held_answer_bytes_max};
  }

  // What stands behind the paths.
  void write(HttpRequest request, Reply reply);
  void query(HttpRequest request, Reply reply);
  void bucket_delete(HttpRequest request, Reply reply);
  void remote_read(HttpRequest request, Reply reply);
  void ping(HttpRequest request, Reply reply);
  void health(HttpRequest request, Reply reply);
  void readiness(HttpRequest request, Reply reply);
  void metrics(HttpRequest request, Reply reply);
  void debug_vars(HttpRequest request, Reply reply);
  void statements(HttpRequest request, Reply reply);
  void buckets(HttpRequest request, Reply reply);
  void handle_ping(const HttpRequest& request, const Reply& reply) const;

  const Catalog& catalog_;
  Ingest& ingest_;
  const influxql::InfluxqlEngine& queries_;
  WorkerPool& query_pool_;
  const Access& access_;
  const Clock& clock_;
  HealthSource health_;
  DoorOptions options_;
  RateLimit write_limit_;
  RateLimit query_limit_;
  StatementSummary summary_;
  DetachedQueries detached_;
  WorkerPool write_pool_;  // Last: its jobs use all of the above.
};

}  // namespace varve::influx
