// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/remote_read.h"

#include <memory>
#include <optional>
#include <utility>

#include "codec/snappy.h"
#include "query/influxql/parser.h"
#include "serve/influx/errors.h"

namespace varve::influx {
namespace {

using influxql::DataType;
using influxql::Expression;
using influxql::IntegerLiteral;
using influxql::make_binary;
using influxql::Operator;
using influxql::RegexLiteral;
using influxql::StringLiteral;
using influxql::Variable;

constexpr size_t kAnswerBytesMax = size_t{256} << 20;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr std::string_view kNameLabel = "__name__";

/// The pattern for a whole text; refused when it is none.
Result<RegexLiteral> whole_pattern(const std::string& pattern) {
  const std::string whole = "^(?:" + pattern + ")$";
  std::string text = "x =~ /";
  for (const char byte : whole) {
    if (byte == '/') text += '\\';
    text += byte;
  }
  if (const auto parsed = influxql::parse_expression(text + "/"); !parsed) {
    return fail(ErrorCode::kInvalidInput,
                "no regular expression: \"" + pattern + "\": " + parsed.error().message);
  }
  return RegexLiteral{whole};
}

Result<Expression> condition_of(const LabelMatcher& matcher) {
  const auto tag = [&] { return Expression{Variable{matcher.name, DataType::kTag}}; };
  const auto absent = [&] {
    return make_binary(Operator::kEqual, tag(), Expression{StringLiteral{""}});
  };
  switch (matcher.kind) {
    case LabelMatcher::Kind::kEqual:
      return make_binary(Operator::kEqual, tag(), Expression{StringLiteral{matcher.value}});
    case LabelMatcher::Kind::kMatch:
      return make_binary(Operator::kMatch, tag(),
                         Expression{TRY(whole_pattern(matcher.value))});
    case LabelMatcher::Kind::kNotMatch:
      return make_binary(Operator::kNotMatch, tag(),
                         Expression{TRY(whole_pattern(matcher.value))});
    case LabelMatcher::Kind::kNotEqual: break;
  }
  auto differs =
      make_binary(Operator::kNotEqual, tag(), Expression{StringLiteral{matcher.value}});
  // A tag that the table does not know is an empty label to Prometheus.
  if (matcher.value.empty()) return differs;
  return make_binary(Operator::kOr, std::move(differs), absent());
}

Expression time_is(Operator op, int64_t time_ms) {
  int64_t time_ns = 0;
  if (__builtin_mul_overflow(time_ms, kNsPerMs, &time_ns)) {
    time_ns = time_ms < 0 ? INT64_MIN + 2 : INT64_MAX - 1;
  }
  return make_binary(op, Expression{Variable{"time", DataType::kUnknown}},
                     Expression{IntegerLiteral{time_ns}});
}

std::optional<double> number_at(const ColumnView& cells, size_t row) {
  if (!cells.has_value(row)) return std::nullopt;
  switch (cells.type) {
    case ValueType::kFloat64: return cells.as<double>()[row];
    case ValueType::kInt64: return static_cast<double>(cells.as<int64_t>()[row]);
    case ValueType::kUint64: return static_cast<double>(cells.as<uint64_t>()[row]);
    default: return std::nullopt;
  }
}

/// Puts the answer together. Threads: one at a time.
class SampleSink final : public ResultSink {
 public:
  Result<void> begin_statement(uint32_t) override {
    answer_.begin_result();
    return {};
  }
  Result<void> message(std::string_view, std::string_view) override { return {}; }
  Result<void> begin_series(const ResultHeader& header) override {
    std::vector<std::pair<std::string, std::string>> labels;
    bool is_named = false;
    for (const auto& [name, text] : header.tags) {
      if (text.empty()) continue;
      is_named = is_named || name == kNameLabel;
      labels.emplace_back(name, text);
    }
    if (!is_named) labels.emplace_back(kNameLabel, header.name);
    answer_.begin_series(std::move(labels));
    return {};
  }
  Result<void> rows(const ResultBlock& block) override {
    const auto times_ns = block.columns[0].as<int64_t>();
    for (size_t row = 0; row < block.row_count; ++row) {
      const auto value = number_at(block.columns[1], row);
      if (value) answer_.sample(times_ns[row] / kNsPerMs, *value);
    }
    if (answer_.size_bytes() <= kAnswerBytesMax) return {};
    return fail(ErrorCode::kTooLarge, "the answer would be larger than " +
                                          std::to_string(kAnswerBytesMax) +
                                          " bytes: ask for less at once");
  }
  Result<void> end_series() override { return {}; }
  Result<void> statement_error(std::string_view text) override {
    if (error_.empty()) error_ = std::string(text);
    return {};
  }
  Result<void> end_statement() override { return {}; }

  const std::string& error() const { return error_; }
  std::string take() { return answer_.take(); }

 private:
  RemoteReadAnswer answer_;
  std::string error_;
};

Result<influxql::ParsedQuery> read_question(const HttpRequest& request, size_t body_bytes_max) {
  const auto message = TRY(unsnappy(request.body, body_bytes_max));
  influxql::ParsedQuery query;
  for (const auto& one : TRY(parse_remote_read(message))) {
    query.statements.emplace_back(
        TRY(select_samples(one, std::string(request.parameters.get("db")),
                           std::string(request.parameters.get("rp")))));
  }
  return query;
}

}  // namespace

Result<influxql::SelectStatement> select_samples(const RemoteReadQuery& query,
                                                 const std::string& database,
                                                 const std::string& policy) {
  influxql::SelectStatement select;
  select.fields.push_back({Expression{Variable{"value", DataType::kAnyField}}, ""});
  select.dimensions.push_back({Expression{influxql::Wildcard{}}});
  influxql::Measurement table{.database = database, .policy = policy, .name = {}, .regex = {}};
  auto condition = make_binary(Operator::kAnd, time_is(Operator::kGreaterOrEqual, query.start_ms),
                               time_is(Operator::kLessOrEqual, query.end_ms));
  for (const auto& matcher : query.matchers) {
    if (matcher.name == kNameLabel && table.name.empty() && !table.regex) {
      if (matcher.kind == LabelMatcher::Kind::kEqual) {
        table.name = matcher.value;
        continue;
      }
      if (matcher.kind == LabelMatcher::Kind::kMatch) {
        table.regex = TRY(whole_pattern(matcher.value));
        continue;
      }
    }
    condition = make_binary(Operator::kAnd, std::move(condition), TRY(condition_of(matcher)));
  }
  if (table.name.empty() && !table.regex) table.regex = RegexLiteral{""};
  select.sources.emplace_back(std::move(table));
  select.condition = std::move(condition);
  return select;
}

void handle_remote_read(const QueryServices& services, const auth::Identity& who,
                        size_t body_bytes_max, HttpRequest request, Reply reply) {
  const std::string database(request.parameters.get("db"));
  const auto allowed = who.check_read(*services.catalog.snapshot(), database);
  if (!allowed) return reply.send_error(allowed.error());
  const auto asked_for = std::make_shared<const HttpRequest>(std::move(request));
  const bool taken = services.pool.try_submit([services, asked_for, reply, database,
                                               body_bytes_max] {
    const auto query = read_question(*asked_for, body_bytes_max);
    if (!query) return reply.send_error(query.error());
    const influxql::QueryRequest asked{.database = database,
                                       .text = "remote read",
                                       .is_read_only = true,
                                       .cancel = reply.responder().cancelled()};
    SampleSink sink;
    const auto done = services.engine.run(*query, asked, sink);
    if (!done) return reply.send_error(done.error());
    if (!sink.error().empty()) return reply.send_error(400, sink.error());
    HttpResponse response{
        .status = 200, .headers = reply.headers(), .body = to_snappy(sink.take())};
    response.headers.add("Content-Type", "application/x-protobuf");
    response.headers.add("Content-Encoding", "snappy");
    reply.responder().send(std::move(response));
  });
  if (!taken) reply.send_error(503, "too many queries are waiting");
}

}  // namespace varve::influx
