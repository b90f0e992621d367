// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/door.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/metrics.h"
#include "serve/influx/bucket_delete.h"
#include "serve/influx/bucket_list.h"
#include "serve/influx/debug_vars.h"
#include "serve/influx/errors.h"
#include "serve/influx/remote_read.h"
#include "serve/influx/statements.h"
#include "serve/influx/write.h"
#include "telemetry/prometheus_text.h"

namespace varve::influx {
namespace {

metrics::Counter& limited_requests =
    metrics::counter("varve_rate_limit_denied_total", "Requests refused with a 429.");

// Their bodies are in memory, which has its own limit.
constexpr size_t kWritesWaitingMax = 16 * 1024;

size_t write_threads(const DoorOptions& options) {
  return options.write_threads > 0 ? options.write_threads
                                   : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

InfluxDoor::InfluxDoor(const Catalog& catalog, Ingest& ingest,
                       const influxql::InfluxqlEngine& queries, WorkerPool& query_pool,
                       const Access& access, const Clock& clock, HealthSource health,
                       DoorOptions options)
    : catalog_(catalog),
      ingest_(ingest),
      queries_(queries),
      query_pool_(query_pool),
      access_(access),
      clock_(clock),
      health_(std::move(health)),
      options_(options),
      write_limit_(options.requests_per_second_max),
      query_limit_(options.requests_per_second_max),
      summary_(options.statements_max),
      write_pool_("write", write_threads(options), kWritesWaitingMax) {}

namespace {

constexpr std::string_view kBucketPrefix = "/api/v2/buckets/";
constexpr std::string_view kPost = "OPTIONS, POST";
constexpr std::string_view kGetOrPost = "GET, OPTIONS, POST";
constexpr std::string_view kRead = "GET, HEAD";
constexpr std::string_view kReadOrDelete = "DELETE, GET, HEAD";

bool allows(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    const auto end = methods.find(',');
    if (methods.substr(0, end) == method) return true;
    if (end == std::string_view::npos) return false;
    methods.remove_prefix(end + 2);
  }
  return false;
}

}  // namespace

void InfluxDoor::handle(HttpRequest request, Responder responder) {
  struct Route {
    std::string_view path;
    std::string_view methods;
    void (InfluxDoor::*serve)(HttpRequest, Reply);
  };
  static constexpr auto kRoutes = std::to_array<Route>({
      {"/write", kPost, &InfluxDoor::write},
      {"/query", kGetOrPost, &InfluxDoor::query},
      {"/api/v2/write", kPost, &InfluxDoor::write},
      {"/api/v2/delete", kPost, &InfluxDoor::bucket_delete},
      {kBucketsPath, kRead, &InfluxDoor::buckets},
      {"/api/v1/prom/write", kPost, &InfluxDoor::write},
      {"/api/v1/prom/read", kPost, &InfluxDoor::remote_read},
      {"/ping", kRead, &InfluxDoor::ping},
      {"/status", kRead, &InfluxDoor::ping},
      {"/health", kRead, &InfluxDoor::health},
      {"/health/ready", kRead, &InfluxDoor::readiness},
      {"/metrics", kRead, &InfluxDoor::metrics},
      {"/debug/vars", kRead, &InfluxDoor::debug_vars},
      {"/api/v1/statements", kReadOrDelete, &InfluxDoor::statements},
  });
  Reply reply(request, std::move(responder));
  // Answered for every path: a browser asks before it sends a request of another origin.
  if (request.method == "OPTIONS") return reply.send_status(200);
  const auto* route = std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& one) {
    return one.path == request.path;
  });
  if (route == kRoutes.end()) {
    if (request.path.starts_with(kBucketPrefix) && request.method == "GET") {
      return buckets(std::move(request), std::move(reply));
    }
    return reply.send_text(404, "404 page not found\n");
  }
  if (!allows(route->methods, request.method)) return reply.send_wrong_method(route->methods);
  (this->*route->serve)(std::move(request), std::move(reply));
}

bool InfluxDoor::is_within(RateLimit& limit, const Reply& reply) {
  if (limit.try_take(clock_.steady_ns())) return true;
  limited_requests.add();
  reply.send_error(429, "rate limit exceeded, try again later");
  return false;
}

void InfluxDoor::write(HttpRequest request, Reply reply) {
  if (!is_within(write_limit_, reply)) return;
  for_user(std::move(request), std::move(reply),
           [this](HttpRequest asked, Reply answer, const auth::Identity& who) {
             handle_write({catalog_, ingest_, clock_, write_pool_, options_.body_bytes_max}, who,
                          std::move(asked), std::move(answer));
           });
}

void InfluxDoor::query(HttpRequest request, Reply reply) {
  if (!is_within(query_limit_, reply)) return;
  for_user(std::move(request), std::move(reply),
           [this](HttpRequest asked, Reply answer, const auth::Identity& who) {
             handle_query(services(), who, std::move(asked), std::move(answer));
           });
}

void InfluxDoor::bucket_delete(HttpRequest request, Reply reply) {
  for_user(std::move(request), std::move(reply),
           [this](const HttpRequest& asked, Reply answer, const auth::Identity& who) {
             handle_bucket_delete(services(), who, asked, std::move(answer));
           });
}

void InfluxDoor::remote_read(HttpRequest request, Reply reply) {
  if (!is_within(query_limit_, reply)) return;
  for_user(std::move(request), std::move(reply),
           [this](HttpRequest asked, Reply answer, const auth::Identity& who) {
             handle_remote_read(services(), who, options_.body_bytes_max, std::move(asked),
                                std::move(answer));
           });
}

void InfluxDoor::ping(HttpRequest request, Reply reply) {
  if (!options_.ping_needs_user) return handle_ping(request, reply);
  for_user(std::move(request), std::move(reply),
           [this](const HttpRequest& asked, const Reply& answer, const auth::Identity&) {
             handle_ping(asked, answer);
           });
}

void InfluxDoor::health(HttpRequest, Reply reply) { handle_health(health_, reply); }

void InfluxDoor::readiness(HttpRequest, Reply reply) {
  handle_readiness(queries_, query_pool_, std::move(reply));
}

void InfluxDoor::metrics(HttpRequest request, Reply reply) {
  for_monitor(std::move(request), std::move(reply),
              [](const HttpRequest&, const Reply& answer, const auth::Identity&) {
                answer.send(200, "text/plain; version=0.0.4; charset=utf-8", prometheus_text());
              });
}

void InfluxDoor::debug_vars(HttpRequest request, Reply reply) {
  for_monitor(std::move(request), std::move(reply),
              [this](const HttpRequest&, Reply answer, const auth::Identity&) {
                handle_debug_vars(services(), std::move(answer));
              });
}

void InfluxDoor::statements(HttpRequest request, Reply reply) {
  for_user(std::move(request), std::move(reply),
           [this](const HttpRequest& asked, const Reply& answer, const auth::Identity& who) {
             handle_statements(summary_, *catalog_.snapshot(), who, asked, answer);
           });
}

void InfluxDoor::buckets(HttpRequest request, Reply reply) {
  for_user(std::move(request), std::move(reply),
           [this](const HttpRequest& asked, const Reply& answer, const auth::Identity& who) {
             handle_buckets(*catalog_.snapshot(), who, asked, answer);
           });
}

void InfluxDoor::for_user(HttpRequest request, Reply reply, Endpoint endpoint) const {
  if (!access_.is_enabled()) {
    return endpoint(std::move(request), std::move(reply), auth::Identity::unasked());
  }
  access_.identify(std::move(request),
                   [reply = std::move(reply), endpoint = std::move(endpoint)](
                       HttpRequest asked, const Result<auth::Identity>& who) {
                     if (who) return endpoint(std::move(asked), reply, *who);
                     reply.send_error(who.error());
                   });
}

void InfluxDoor::for_admin(HttpRequest request, Reply reply, Endpoint endpoint) const {
  for_user(std::move(request), std::move(reply),
           [endpoint = std::move(endpoint)](HttpRequest asked, Reply answer,
                                            const auth::Identity& who) {
             const auto allowed = who.check_admin();
             if (!allowed) return answer.send_error(allowed.error());
             endpoint(std::move(asked), std::move(answer), who);
           });
}

void InfluxDoor::for_monitor(HttpRequest request, Reply reply, const Endpoint& endpoint) const {
  if (options_.metrics_need_admin) {
    return for_admin(std::move(request), std::move(reply), endpoint);
  }
  endpoint(std::move(request), std::move(reply), auth::Identity::unasked());
}

HttpResponse InfluxDoor::refuse(const HttpRequest& head, int status, std::string_view why) {
  return error_response(common_headers(head), choose_form(head), status, why);
}

void InfluxDoor::handle_ping(const HttpRequest& request, const Reply& reply) const {
  const auto verbose = request.parameters.get("verbose");
  // Source: InfluxDB 1.8, Handler.servePing: anything but these two words asks for the version.
  if (verbose.empty() || verbose == "0" || verbose == "false") return reply.send_status(204);
  reply.send(200, "application/json", "{\"version\":\"" + std::string(kServerVersion) + "\"}\n");
}

}  // namespace varve::influx
