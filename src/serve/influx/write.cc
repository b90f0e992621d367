// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/write.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/metrics.h"
#include "codec/gzip.h"
#include "codec/line_protocol.h"
#include "codec/msgpack_points.h"
#include "codec/prometheus/remote_write.h"
#include "codec/snappy.h"
#include "serve/http/body_pool.h"
#include "serve/influx/bucket.h"
#include "serve/influx/errors.h"

namespace varve::influx {
namespace {

struct Metrics {
  metrics::Counter& requests =
      metrics::counter("varve_write_requests_total", "Requests to write points.");
  metrics::Counter& errors = metrics::counter("varve_write_errors_total",
                                              "Write requests that were not answered with 204.");
  metrics::Counter& points =
      metrics::counter("varve_write_points_total", "Points of write requests acknowledged.");
  metrics::Histogram& payload =
      metrics::histogram("varve_write_payload_bytes", "Size of write request bodies as they came.",
                         {}, {100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000});
  metrics::Histogram& duration =
      metrics::histogram("varve_write_duration_seconds", "From the whole request to its answer.");
};

Metrics& figures() {
  static Metrics all;
  return all;
}

// As registration comes with the first use, a server that was never written to would not show them.
[[maybe_unused]] const Metrics& registered = figures();

bool is_consistency_level(std::string_view text) {
  constexpr auto kLevels = std::to_array<std::string_view>({"any", "one", "quorum", "all"});
  return std::any_of(kLevels.begin(), kLevels.end(),
                     [&](std::string_view level) { return equals_ignoring_case(level, text); });
}

bool is_msgpack(std::string_view content_type) {
  constexpr auto kTypes = std::to_array<std::string_view>(
      {"application/msgpack", "application/x-msgpack",
       "application/vnd.hyperbytedb.columnar-msgpack.v1"});
  const auto type = content_type.substr(0, content_type.find_first_of("; "));
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [&](std::string_view one) { return equals_ignoring_case(one, type); });
}

/// What the URL says of a write.
struct WriteWords {
  IngestTarget target;
  TimePrecision precision;
};

Result<WriteWords> read_words(const HttpRequest& request) {
  const auto precision = request.parameters.get("precision");
  if (request.path == "/api/v2/write") {
    const auto unit = TRY(parse_bucket_precision(precision));
    return WriteWords{TRY(read_bucket(request.parameters.get("bucket"))), unit};
  }
  const auto database = request.parameters.get("db");
  if (database.empty()) return fail(ErrorCode::kInvalidInput, "database is required");
  return WriteWords{{.database = std::string(database),
                     .policy = std::string(request.parameters.get("rp"))},
                    TRY(parse_precision(precision))};
}

void name_policy(const Catalog& catalog, WritePlace& place) {
  if (!place.policy.empty()) return;
  const auto database = catalog.snapshot()->database(place.database);
  if (database) place.policy = database->default_policy;
}

// Source: InfluxDB 1.8, Handler.serveWrite: whether there is such a database comes first.
Result<void> check_write(const CatalogSnapshot& catalog, const std::string& database,
                         const auth::Identity& who) {
  if (who.is_admin() || !catalog.database(database)) return {};
  return who.check_write(catalog, database);
}

}  // namespace

Result<WriteQuestion> read_write(HttpRequest& request, int64_t now_ns, size_t body_bytes_max) {
  const auto where = TRY(read_words(request));
  std::string body = std::move(request.body);
  if (request.headers.find("content-encoding") == "gzip") {
    auto plain = gunzip(body, body_bytes_max);
    if (!plain && plain.error().code == ErrorCode::kTooLarge) {
      return fail(ErrorCode::kTooLarge, std::string(status_text(413)));
    }
    body = TRY(std::move(plain));
  }
  const auto level = request.parameters.get("consistency");
  if (!level.empty() && !is_consistency_level(level)) {
    return fail(ErrorCode::kInvalidInput, "invalid consistency level");
  }
  WriteQuestion question{.target = where.target, .points = nullptr};
  if (request.path == "/api/v1/prom/write") {
    question.points = TRY(make_remote_write_source(TRY(unsnappy(body, body_bytes_max))));
  } else if (is_msgpack(request.headers.find("content-type").value_or(""))) {
    question.points = TRY(make_msgpack_source(
        std::move(body), {.precision = where.precision, .now_ns = now_ns}));
  } else {
    std::function<void(std::string)> done;
    if (request.body_pool) {
      done = [pool = request.body_pool](std::string read) { pool->give(std::move(read)); };
    }
    question.points =
        make_line_protocol_source(std::move(body), {.precision = where.precision, .now_ns = now_ns},
                                  std::move(done));
  }
  return question;
}

WriteAnswer word_write(const Result<IngestSummary>& outcome, const WritePlace& place) {
  if (!outcome) return {write_status_of(outcome.error()), outcome.error().message};
  const auto& summary = *outcome;
  const auto partial = [&](std::string_view reason, std::string_view where) {
    return WriteAnswer{400, "partial write: " + std::string(reason) + " dropped=" +
                                std::to_string(summary.rows_dropped) + std::string(where)};
  };
  // Source: InfluxDB 1.13, which says behind its texts where the points were to go. That about old
  // points is 1.8's, which does not.
  const std::string database = " for database: " + place.database;
  if (!summary.drop_reason.empty() || summary.rows_dropped > 0) {
    const bool is_plain = summary.drop_reason == "points beyond retention policy";
    return partial(summary.drop_reason,
                   is_plain ? "" : database + " for retention policy: " + place.policy);
  }
  if (summary.parse_errors.empty()) return {};
  if (summary.rows_written == 0) return {400, summary.parse_errors};
  return partial(summary.parse_errors, database);
}

bool is_long_work(const HttpRequest& request) {
  // Lines are read at some hundred megabytes a second. What is packed may be a thousand times as
  // long as it looks, and MessagePack is read twice, with a column for every cell.
  constexpr size_t kLineBytesMax = 128 * 1024;
  constexpr size_t kPackedBytesMax = 4 * 1024;
  const bool is_packed = request.headers.find("content-encoding").has_value() ||
                         request.path == "/api/v1/prom/write" ||
                         is_msgpack(request.headers.find("content-type").value_or(""));
  return request.body.size() > (is_packed ? kPackedBytesMax : kLineBytesMax);
}

namespace {

void write_points(const WriteServices& services, const auth::Identity& who, HttpRequest request,
                  Reply reply, int64_t began_ns) {
  const Clock& clock = services.clock;
  auto question = read_write(request, clock.now_ns(), services.body_bytes_max);
  if (!question) {
    figures().errors.add();
    return reply.send_error(question.error());
  }
  const auto allowed =
      check_write(*services.catalog.snapshot(), question->target.database, who);
  if (!allowed) {
    figures().errors.add();
    return reply.send_error(allowed.error());
  }
  WritePlace place{.database = question->target.database, .policy = question->target.policy};
  services.ingest.write(
      std::move(question->target), std::move(question->points),
      [reply = std::move(reply), &catalog = services.catalog, &clock, began_ns,
       place = std::move(place)](Result<IngestSummary> outcome) mutable {
        auto& counts = figures();
        if (outcome && !outcome->drop_reason.empty()) name_policy(catalog, place);
        const auto answer = word_write(outcome, place);
        if (outcome) counts.points.add(outcome->rows_written);
        counts.duration.observe(static_cast<double>(clock.steady_ns() - began_ns) / 1e9);
        if (answer.status != 204) {
          counts.errors.add();
          return reply.send_error(answer.status, answer.message);
        }
        // Source: InfluxDB sends a content type even with its empty answers.
        reply.send(204, "application/json", {});
      });
}

}  // namespace

void handle_write(const WriteServices& services, const auth::Identity& who, HttpRequest request,
                  Reply reply) {
  auto& all = figures();
  const int64_t began_ns = services.clock.steady_ns();
  all.requests.add();
  all.payload.observe(static_cast<double>(request.body.size()));
  if (!is_long_work(request)) {
    return write_points(services, who, std::move(request), std::move(reply), began_ns);
  }
  const auto asked = std::make_shared<HttpRequest>(std::move(request));
  const bool taken = services.pool.try_submit([services, who, asked, reply, began_ns] {
    write_points(services, who, std::move(*asked), reply, began_ns);
  });
  if (taken) return;
  all.errors.add();
  reply.send_error(503, "too many writes are waiting");
}

}  // namespace varve::influx
