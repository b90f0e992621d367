// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/bucket_delete.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "query/influxql/parser.h"
#include "serve/influx/bucket.h"
#include "serve/influx/errors.h"
#include "serve/influx/null_sink.h"

namespace varve::influx {
namespace {

using influxql::Binary;
using influxql::DeleteStatement;
using influxql::Expression;
using influxql::Operator;
using influxql::Paren;
using influxql::StringLiteral;
using influxql::Variable;

tl::unexpected<Error> wrong(std::string why) {
  return fail(ErrorCode::kInvalidInput, "delete - " + std::move(why));
}

struct Words {
  std::string start;
  std::string stop;
  std::string predicate;
};

/// `2020-01-01T00:00:00.5Z`: nothing that could end a quoted text.
bool is_rfc3339(std::string_view text) {
  constexpr size_t kDateTime = 19;  // 2020-01-01T00:00:00
  return text.size() > kDateTime && text[10] == 'T' &&
         text.find_first_not_of("0123456789-:.TZ+") == std::string_view::npos &&
         (text.back() == 'Z' || text.find_first_of("+-", kDateTime) != std::string_view::npos);
}

Result<Words> read_body(std::string_view body) {
  const auto document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return wrong("cannot parse request body: it is no JSON object");
  Words words;
  const std::pair<const char*, std::string*> places[] = {
      {"start", &words.start}, {"stop", &words.stop}, {"predicate", &words.predicate}};
  for (const auto& [name, place] : places) {
    const auto found = document.find(name);
    if (found == document.end() || found->is_null()) continue;
    if (!found->is_string()) {
      return wrong("cannot parse request body: " + std::string(name) + " is not a string");
    }
    *place = found->get<std::string>();
  }
  for (const auto& [name, place] : places) {
    if (place == &words.predicate) break;
    if (place->empty()) {
      return wrong(std::string(name) + " field in RFC3339Nano format required");
    }
    if (!is_rfc3339(*place)) {
      return wrong("invalid format for " + std::string(name) + " field \"" + *place +
                   "\", please use RFC3339Nano");
    }
  }
  return words;
}

/// Takes `_measurement = …` out of a conjunction; what is left, or nothing.
Result<std::optional<Expression>> take_measurement(Expression condition,
                                                   std::optional<std::string>& name) {
  if (auto* paren = condition.as<Paren>()) return take_measurement(std::move(*paren->inner), name);
  auto* binary = condition.as<Binary>();
  if (binary == nullptr) return wrong("predicate is no comparison");
  if (binary->op == Operator::kAnd) {
    auto left = TRY(take_measurement(std::move(*binary->left), name));
    auto right = TRY(take_measurement(std::move(*binary->right), name));
    if (!left) return right;
    if (!right) return left;
    return std::optional(
        influxql::make_binary(Operator::kAnd, std::move(*left), std::move(*right)));
  }
  const auto* left = binary->left->as<Variable>();
  if (binary->op == Operator::kEqual && left != nullptr) {
    // Clients of InfluxDB 2 put values into double quotes.
    if (const auto* right = binary->right->as<Variable>()) {
      *binary->right = Expression{StringLiteral{right->name}};
    }
    if (left->name == "_measurement") {
      const auto* text = binary->right->as<StringLiteral>();
      if (text == nullptr || name) return wrong("predicate must name one _measurement");
      name = text->value;
      return std::optional<Expression>();
    }
  }
  return std::optional(std::move(condition));
}

bool is_refused(Operator op) {
  return op == Operator::kNotEqual || op == Operator::kMatch || op == Operator::kNotMatch ||
         op == Operator::kOr;
}

std::string described(const IngestTarget& bucket, const Words& words) {
  return "database: \"" + bucket.database + "\", retention policy: \"" + bucket.policy +
         "\", start: \"" + words.start + "\", stop: \"" + words.stop + "\", predicate: \"" +
         words.predicate + "\"";
}

}  // namespace

Result<DeleteStatement> read_bucket_delete(const IngestTarget& bucket, std::string_view body) {
  const Words words = TRY(read_body(body));
  const std::string times = "time >= '" + words.start + "' AND time < '" + words.stop + "'";
  const std::string condition =
      words.predicate.empty() ? times : words.predicate + " AND " + times;
  auto parsed = influxql::parse_expression(condition);
  // What stands for itself cannot take the times away: a `--` in it would make a comment of them.
  auto within = influxql::parse_expression(times);
  if (parsed && within && !words.predicate.empty()) {
    parsed = influxql::parse_expression(words.predicate);
    if (parsed) {
      parsed = influxql::make_binary(Operator::kAnd, std::move(*parsed), std::move(*within));
    }
  }
  if (!parsed) {
    return wrong("cannot parse predicate \"" + condition + "\": " + parsed.error().message);
  }
  DeleteStatement statement;
  bool refused = false;
  influxql::walk(*parsed, [&](const Expression& part) {
    const auto* binary = part.as<Binary>();
    refused = refused || (binary != nullptr && is_refused(binary->op));
  });
  if (refused) {
    return wrong("predicate only supports equality operators and conjunctions. " +
                 described(bucket, words));
  }
  std::optional<std::string> name;
  statement.condition = TRY(take_measurement(std::move(*parsed), name));
  influxql::Measurement source{.database = {}, .policy = bucket.policy, .name = {}, .regex = {}};
  if (name) {
    source.name = *name;
  } else {
    source.regex = influxql::RegexLiteral{""};
  }
  statement.sources.emplace_back(std::move(source));
  return statement;
}

namespace {

Result<void> check_bucket(const CatalogSnapshot& catalog, const IngestTarget& bucket,
                          const auth::Identity& who) {
  const auto database = catalog.database(bucket.database);
  if (!database) {
    return fail(ErrorCode::kNotFound,
                "delete - database not found: \"" + bucket.database + "\"");
  }
  // A bucket without a policy names the whole database; it wants a default policy to be there.
  const std::string& policy = bucket.policy.empty() ? database->default_policy : bucket.policy;
  if (database->policy(policy) == nullptr) {
    return fail(ErrorCode::kNotFound, "delete - retention policy not found in \"" +
                                          bucket.database + "\": \"" + bucket.policy + "\"");
  }
  return who.check_write(catalog, bucket.database);
}

}  // namespace

void handle_bucket_delete(const QueryServices& services, const auth::Identity& who,
                          const HttpRequest& request, Reply reply) {
  auto bucket = read_bucket(request.parameters.get("bucket"));
  if (!bucket) return reply.send_error(404, "delete - bucket: " + bucket.error().message);
  const auto allowed = check_bucket(*services.catalog.snapshot(), *bucket, who);
  if (!allowed) return reply.send_error(allowed.error());
  auto statement = read_bucket_delete(*bucket, request.body);
  if (!statement) return reply.send_error(statement.error());
  const auto query = std::make_shared<influxql::ParsedQuery>();
  query->statements.emplace_back(std::move(*statement));
  const bool taken = services.pool.try_submit([services, query, reply, target = *bucket] {
    const influxql::QueryRequest request{.database = target.database,
                                         .policy = target.policy,
                                         .text = "DELETE",
                                         .cancel = reply.responder().cancelled()};
    NullSink outcome;
    const auto done = services.engine.run(*query, request, outcome);
    if (!done) return reply.send_error(done.error());
    if (outcome.failed()) {
      return reply.send_error(400, "delete - database: \"" + target.database +
                                       "\", retention policy: \"" + target.policy +
                                       "\", error: " + outcome.error());
    }
    reply.send_status(200);
  });
  if (!taken) reply.send_error(503, "too many queries are waiting");
}

}  // namespace varve::influx
