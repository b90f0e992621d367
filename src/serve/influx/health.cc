// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/health.h"

#include "codec/text/json_text.h"

namespace varve::influx {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

}  // namespace

void handle_health(const HealthSource& source, const Reply& reply) {
  const HealthReport report = source ? source() : HealthReport{};
  std::string body = "{\"checks\":[";
  for (size_t i = 0; i < report.damage.size(); ++i) {
    body += i == 0 ? "{" : ",{";
    append_member(body, "name", "damage");
    body += ',';
    append_member(body, "status", "warn");
    body += ',';
    append_member(body, "message", report.damage[i]);
    body += '}';
  }
  body += "],\"deletes_pending\":" + std::to_string(report.deletes_pending) + ',';
  append_member(body, "message",
                report.writable ? std::string_view("ready for queries and writes")
                                : std::string_view(report.reason));
  body += ',';
  append_member(body, "name", "varve");
  body += ",\"quarantined_files\":" + std::to_string(report.quarantined_files) + ',';
  append_member(body, "status", report.writable ? "pass" : "fail");
  body += ',';
  append_member(body, "version", kServerVersion);
  body += "}\n";
  reply.send(report.writable ? 200 : 503, "application/json", std::move(body));
}

}  // namespace varve::influx
