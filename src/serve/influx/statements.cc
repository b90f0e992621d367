// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/statements.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "codec/text/json_text.h"
#include "codec/text/time_text.h"

namespace varve::influx {
namespace {

constexpr size_t kLimitDefault = 100;
constexpr size_t kLimitMax = 100'000;

struct Question {
  std::string_view database;
  std::string_view type;
  std::function<uint64_t(const StatementEntry&)> key;
  bool is_ascending = false;
  size_t limit = kLimitDefault;
};

uint64_t average_us(const StatementEntry& entry) {
  return entry.runs == 0 ? 0 : entry.sum_us / entry.runs;
}

tl::unexpected<Error> refuse(std::string_view name, std::string_view given, std::string_view form) {
  return fail(ErrorCode::kInvalidInput, "parameter \"" + std::string(name) + "\" is \"" +
                                            std::string(given) + "\"; it must be " +
                                            std::string(form));
}

Result<Question> read_question(const FormFields& parameters) {
  Question question{.database = parameters.get("db"), .type = parameters.get("stmt_type")};
  const auto sort = parameters.find("sort_by").value_or("latency_total");
  if (sort == "latency_total") {
    question.key = [](const StatementEntry& entry) { return entry.sum_us; };
  } else if (sort == "latency_avg") {
    question.key = average_us;
  } else if (sort == "latency_max") {
    question.key = [](const StatementEntry& entry) { return entry.max_us; };
  } else if (sort == "count") {
    question.key = [](const StatementEntry& entry) { return entry.runs; };
  } else {
    return refuse("sort_by", sort, "latency_total, latency_avg, latency_max or count");
  }
  const auto order = parameters.find("order").value_or("desc");
  if (order != "asc" && order != "desc") return refuse("order", order, "asc or desc");
  question.is_ascending = order == "asc";
  if (const auto text = parameters.find("limit")) {
    const auto [end, error] =
        std::from_chars(text->data(), text->data() + text->size(), question.limit);
    if (error != std::errc() || end != text->data() + text->size() || question.limit > kLimitMax) {
      return refuse("limit", *text, "a number up to 100000");
    }
  }
  return question;
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += out.ends_with('{') ? "\"" : ",\"";
  out.append(name).append("\":");
  append_json_string(out, text);
}

void append_number(std::string& out, std::string_view name, uint64_t number) {
  out.append(",\"").append(name).append("\":").append(std::to_string(number));
}

std::string hex(uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[value >> shift & 15];
  return text;
}

std::string rfc3339_text(int64_t utc_ns) {
  char text[TimeText::kBytesMax];
  return std::string(text, TimeText().write(text, utc_ns));
}

void append_entry(std::string& out, const StatementEntry& entry) {
  out += '{';
  append_text(out, "digest", hex(entry.digest.high) + hex(entry.digest.low));
  append_text(out, "normalized_query", entry.normalized);
  append_text(out, "sample_query", entry.sample);
  append_text(out, "db", entry.database);
  append_text(out, "stmt_type", entry.type);
  append_number(out, "exec_count", entry.runs);
  append_number(out, "error_count", entry.errors);
  append_number(out, "sum_latency_us", entry.sum_us);
  append_number(out, "avg_latency_us", average_us(entry));
  append_number(out, "min_latency_us", entry.min_us);
  append_number(out, "max_latency_us", entry.max_us);
  append_number(out, "p50_latency_us", entry.latency.quantile_us(0.5));
  append_number(out, "p95_latency_us", entry.latency.quantile_us(0.95));
  append_number(out, "p99_latency_us", entry.latency.quantile_us(0.99));
  append_number(out, "rows", entry.rows);
  append_number(out, "bytes", entry.bytes);
  append_text(out, "first_seen", rfc3339_text(entry.first_ns));
  append_text(out, "last_seen", rfc3339_text(entry.last_ns));
  out += '}';
}

bool is_asked_for(const StatementEntry& entry, const Question& question,
                  const CatalogSnapshot& catalog, const auth::Identity& who) {
  if (!question.database.empty() && entry.database != question.database) return false;
  if (!question.type.empty() && !equals_ignoring_case(entry.type, question.type)) return false;
  return who.may(catalog, entry.database, Grant::kRead);
}

Result<std::string> list(const StatementSummary& summary, const CatalogSnapshot& catalog,
                         const auth::Identity& who, const FormFields& parameters) {
  const Question question = TRY(read_question(parameters));
  if (!question.database.empty()) TRY_VOID(who.check_read(catalog, question.database));
  auto entries = summary.list();
  std::erase_if(entries, [&](const StatementEntry& entry) {
    return !is_asked_for(entry, question, catalog, who);
  });
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& left, const auto& right) {
    return question.is_ascending ? question.key(left) < question.key(right)
                                 : question.key(left) > question.key(right);
  });
  entries.resize(std::min(entries.size(), question.limit));
  std::string out = "{\"statements\":[";
  for (const StatementEntry& entry : entries) {
    if (!out.ends_with('[')) out += ',';
    append_entry(out, entry);
  }
  return out + "]}\n";
}

}  // namespace

void handle_statements(StatementSummary& summary, const CatalogSnapshot& catalog,
                       const auth::Identity& who, const HttpRequest& request, const Reply& reply) {
  if (request.method == "DELETE") {
    const auto allowed = who.check_admin();
    if (!allowed) return reply.send_error(allowed.error());
    summary.clear();
    return reply.send_status(204);
  }
  if (who.is_before_users()) return reply.send_error(who.check_admin().error());
  auto body = list(summary, catalog, who, request.parameters);
  if (!body) return reply.send_error(body.error());
  reply.send(200, "application/json", std::move(*body));
}

}  // namespace varve::influx
