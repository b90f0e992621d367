// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/door.h"

#include "serve/influx/bucket_delete.h"
#include "serve/influx/debug_vars.h"
#include "serve/influx/errors.h"
#include "serve/influx/query.h"
#include "serve/influx/remote_read.h"
#include "serve/influx/write.h"
#include "telemetry/prometheus_text.h"

namespace varve::influx {

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
      options_(options) {}

void InfluxDoor::handle(HttpRequest request, Responder responder) {
  Reply reply(request, std::move(responder));
  const std::string& method = request.method;
  const std::string& path = request.path;
  // Answered for every path: a browser asks before it sends a request of another origin.
  if (method == "OPTIONS") return reply.send_status(200);
  const bool reads = method == "GET" || method == "HEAD";
  if (path == "/write" || path == "/api/v2/write" || path == "/api/v1/prom/write") {
    if (method != "POST") return reply.send_wrong_method("OPTIONS, POST");
    return for_user(std::move(request), std::move(reply),
                    [this](HttpRequest asked, Reply answer, const auth::Identity& who) {
                      handle_write(catalog_, ingest_, clock_, options_.body_bytes_max, who,
                                   std::move(asked), std::move(answer));
                    });
  }
  if (path == "/api/v2/delete") {
    if (method != "POST") return reply.send_wrong_method("OPTIONS, POST");
    return for_user(std::move(request), std::move(reply),
                    [this](const HttpRequest& asked, Reply answer, const auth::Identity& who) {
                      handle_bucket_delete({catalog_, queries_, query_pool_, stopping_}, who,
                                           asked, std::move(answer));
                    });
  }
  if (path == "/api/v1/prom/read") {
    if (method != "POST") return reply.send_wrong_method("OPTIONS, POST");
    return for_user(std::move(request), std::move(reply),
                    [this](const HttpRequest& asked, Reply answer, const auth::Identity& who) {
                      handle_remote_read({catalog_, queries_, query_pool_, stopping_}, who,
                                         options_.body_bytes_max, asked, std::move(answer));
                    });
  }
  if (path == "/query") {
    if (method != "GET" && method != "POST") return reply.send_wrong_method("GET, OPTIONS, POST");
    return for_user(std::move(request), std::move(reply),
                    [this](const HttpRequest& asked, Reply answer, const auth::Identity& who) {
                      handle_query({catalog_, queries_, query_pool_, stopping_}, who, asked,
                                   std::move(answer));
                    });
  }
  if (path == "/ping" || path == "/status") {
    if (!reads) return reply.send_wrong_method("GET, HEAD");
    if (!options_.ping_needs_user) return handle_ping(request, reply);
    return for_user(std::move(request), std::move(reply),
                    [this](const HttpRequest& asked, const Reply& answer, const auth::Identity&) {
                      handle_ping(asked, answer);
                    });
  }
  if (path == "/health") {
    if (!reads) return reply.send_wrong_method("GET, HEAD");
    return handle_health(health_, reply);
  }
  if (path == "/health/ready") {
    if (!reads) return reply.send_wrong_method("GET, HEAD");
    return handle_readiness(queries_, query_pool_, std::move(reply));
  }
  if (path == "/metrics") {
    if (!reads) return reply.send_wrong_method("GET, HEAD");
    return handle_metrics(std::move(request), std::move(reply));
  }
  if (path == "/debug/vars") {
    if (!reads) return reply.send_wrong_method("GET, HEAD");
    const auto show = [this](const HttpRequest&, Reply answer, const auth::Identity&) {
      handle_debug_vars({catalog_, queries_, query_pool_, stopping_}, std::move(answer));
    };
    if (options_.metrics_need_admin) {
      return for_admin(std::move(request), std::move(reply), show);
    }
    return show(request, std::move(reply), auth::Identity::unasked());
  }
  reply.send_text(404, "404 page not found\n");
}

void InfluxDoor::for_user(HttpRequest request, Reply reply, Endpoint endpoint) const {
  if (!access_.is_enabled()) {
    return endpoint(std::move(request), std::move(reply), auth::Identity::unasked());
  }
  access_.identify(std::move(request),
                   [reply = std::move(reply), endpoint = std::move(endpoint)](
                       HttpRequest asked, const Result<auth::Identity>& who) {
                     if (who) return endpoint(std::move(asked), reply, *who);
                     refuse_question(choose_question_form(asked), reply,
                                     status_of(who.error().code), who.error().message);
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

void InfluxDoor::handle_metrics(HttpRequest request, Reply reply) const {
  const auto send = [](const HttpRequest&, const Reply& answer, const auth::Identity&) {
    answer.send(200, "text/plain; version=0.0.4; charset=utf-8", prometheus_text());
  };
  if (options_.metrics_need_admin) {
    return for_admin(std::move(request), std::move(reply), send);
  }
  send(request, reply, auth::Identity::unasked());
}

HttpResponse InfluxDoor::refuse(const HttpRequest& head, int status, std::string_view why) {
  auto response = error_response(common_headers(head), status, why);
  if (status == 503) response.headers.add("Retry-After", "1");
  return response;
}

void InfluxDoor::handle_ping(const HttpRequest& request, const Reply& reply) const {
  const auto verbose = request.parameters.get("verbose");
  // Source: InfluxDB 1.8, Handler.servePing: anything but these two words asks for the version.
  if (verbose.empty() || verbose == "0" || verbose == "false") return reply.send_status(204);
  reply.send(200, "application/json", "{\"version\":\"" + std::string(kServerVersion) + "\"}\n");
}

}  // namespace varve::influx
