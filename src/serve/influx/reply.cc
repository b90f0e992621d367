// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/reply.h"

#include <atomic>

#include "codec/result_writer.h"
#include "io/clock.h"
#include "io/random.h"
#include "serve/influx/errors.h"

namespace varve::influx {
namespace {

constexpr size_t kErrorHeaderBytesMax = 1024;

void append_hex(std::string& out, uint64_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) out += kDigits[(value >> (i * 4)) & 15];
}

}  // namespace

HttpHeaders common_headers(const HttpRequest& request) {
  HttpHeaders headers;
  headers.add("X-Influxdb-Version", std::string(kServerVersion));
  headers.add("X-Influxdb-Build", "OSS");
  auto id = request.headers.find("X-Request-Id");
  if (!id || id->empty()) id = request.headers.find("Request-Id");
  std::string name = id && !id->empty() ? std::string(*id) : make_request_id();
  headers.add("Request-Id", name);
  headers.add("X-Request-Id", std::move(name));
  // Source: InfluxDB 1.13, services/httpd, cors.
  const auto origin = request.headers.find("Origin");
  if (origin && !origin->empty()) {
    headers.add("Access-Control-Allow-Origin", std::string(*origin));
    headers.add("Access-Control-Allow-Methods", "DELETE, GET, OPTIONS, POST, PUT, PATCH");
    headers.add("Access-Control-Allow-Headers",
                "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, "
                "X-CSRF-Token, X-HTTP-Method-Override");
    headers.add("Access-Control-Expose-Headers", "Date, X-InfluxDB-Version, X-InfluxDB-Build");
  }
  return headers;
}

std::string make_request_id() {
  // One draw for the process: the clock makes the ids differ, the node makes processes differ.
  static const uint64_t node = SystemRandom().next_u64();
  static std::atomic<uint64_t> last_ticks{0};
  // 100 ns since 1582-10-15, as RFC 4122 counts; never twice the same.
  constexpr uint64_t kGregorianOffset = 0x01B21DD213814000;
  const uint64_t now =
      static_cast<uint64_t>(SystemClock::instance().now_ns()) / 100 + kGregorianOffset;
  uint64_t last = last_ticks.load();
  uint64_t ticks = 0;
  do {
    ticks = now > last ? now : last + 1;
  } while (!last_ticks.compare_exchange_weak(last, ticks));
  std::string id;
  id.reserve(36);
  append_hex(id, ticks, 8);
  id += '-';
  append_hex(id, ticks >> 32, 4);
  id += "-1";
  append_hex(id, ticks >> 48, 3);
  id += '-';
  append_hex(id, 0x8000 | ((node >> 48) & 0x3fff), 4);
  id += '-';
  append_hex(id, node, 12);
  return id;
}

HttpResponse error_response(HttpHeaders common, const AnswerForm& form, int status,
                            std::string_view message) {
  // Source: InfluxDB 1.8, Handler.httpError: one of the two.
  if (status == 401) {
    common.add("WWW-Authenticate", "Basic realm=\"InfluxDB\"");
  } else {
    common.add("X-Influxdb-Error", std::string(message.substr(0, kErrorHeaderBytesMax)));
  }
  if (status == 503 || status == 429) common.add("Retry-After", "1");
  common.add("Content-Type", std::string(form.content_type));
  return {.status = status,
          .headers = std::move(common),
          .body = error_document(form.format, message, form.is_pretty)};
}

void Reply::send_status(int status) const {
  responder_.send({.status = status, .headers = *headers_, .body = {}});
}

void Reply::send(int status, std::string_view content_type, std::string body) const {
  HttpHeaders headers = *headers_;
  headers.add("Content-Type", std::string(content_type));
  responder_.send({.status = status, .headers = std::move(headers), .body = std::move(body)});
}

void Reply::send_error(int status, std::string_view message) const {
  responder_.send(error_response(*headers_, form_, status, message));
}

void Reply::send_error(const Error& error) const {
  send_error(status_of(error.code), error.message);
}

void Reply::send_text(int status, std::string_view text) const {
  send(status, "text/plain; charset=utf-8", std::string(text));
}

void Reply::send_wrong_method(std::string_view allowed) const {
  HttpHeaders headers = *headers_;
  headers.add("Allow", std::string(allowed));
  headers.add("Content-Type", "text/plain; charset=utf-8");
  responder_.send({.status = 405, .headers = std::move(headers), .body = "Method Not Allowed\n"});
}

}  // namespace varve::influx
