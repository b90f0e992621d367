// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/query.h"

#include <charconv>
#include <optional>

#include "base/log.h"
#include "base/metrics.h"
#include "io/clock.h"
#include "serve/influx/answer_sink.h"
#include "serve/influx/authorize.h"
#include "serve/influx/errors.h"
#include "serve/influx/null_sink.h"
#include "serve/influx/parameters_json.h"
#include "serve/influx/statement_recorder.h"

namespace varve::influx {
namespace {

// Beyond it an answer leaves in pieces. Chunked answers leave as they come.
constexpr size_t kWholeBytesMax = 64 * 1024;

struct Metrics {
  metrics::Counter& requests = metrics::counter("varve_query_requests_total", "Queries asked.");
  metrics::Counter& errors = metrics::counter(
      "varve_query_errors_total", "Queries that were refused, failed or cut off as a whole.");
  metrics::Histogram& duration = metrics::histogram(
      "varve_query_duration_seconds", "From the start of a query to the end of its answer.");
};

Metrics& figures() {
  static Metrics all;
  return all;
}

[[maybe_unused]] const Metrics& registered = figures();

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<uint64_t> positive(std::string_view text) {
  int64_t number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return static_cast<uint64_t>(number);
}

influxql::QueryRequest request_of(const QueryQuestion& question, const auth::Identity& who,
                                  CancelFlag cancel) {
  return {.database = question.database,
          .policy = question.policy,
          .text = question.text,
          .parameters = &question.parameters,
          .is_read_only = question.is_read_only,
          .user = who.limited_to(),
          .cancel = std::move(cancel)};
}

/// An error, counted with those of queries.
void refuse_question(const Reply& reply, int status, std::string_view message) {
  figures().errors.add();
  reply.send_error(status, message);
}

/// On a query thread.
void answer(const QueryServices& services, const QueryQuestion& question,
            const auth::Identity& who, const Reply& reply) {
  const auto& engine = services.engine;
  const int64_t began_ns = SystemClock::instance().steady_ns();
  const auto request =
      request_of(question, who, question.is_async ? services.detached.begin()
                                                  : reply.responder().cancelled());
  const auto parsed = engine.parse(request);
  if (!parsed) {
    return refuse_question(reply, 400, "error parsing query: " + parsed.error().message);
  }
  const FirstUserLock first_user(who);
  const auto allowed =
      authorize(who, *services.catalog.snapshot(), parsed->statements, question.database);
  if (!allowed) {
    return refuse_question(reply, status_of(allowed.error().code), allowed.error().message);
  }
  if (question.is_async) {
    reply.send_status(204);
    NullSink nothing;
    StatementRecorder recorder(nothing, SystemClock::instance(), [] { return uint64_t{0}; });
    if (!engine.run(*parsed, request, recorder)) figures().errors.add();
    return recorder.report(parsed->statements, question.database, services.summary,
                           services.slow_query_ns);
  }
  HttpHeaders headers = reply.headers();
  headers.add("Content-Type", std::string(question.form.content_type));
  AnswerSink sink(reply.responder(), std::move(headers),
                  {.whole_bytes_max = question.writer.chunked ? 0 : kWholeBytesMax,
                   .gzips = question.takes_gzip});
  ResultWriterOptions options = question.writer;
  options.held_bytes_max = services.held_answer_bytes_max;
  const auto writer = make_result_writer(question.form.format, options, sink);
  StatementRecorder recorder(*writer, SystemClock::instance(), [&] { return sink.bytes(); });
  auto done = engine.run(*parsed, request, recorder);
  if (done) done = writer->finish();
  // Before the last byte leaves: whoever has it finds the query in the summary.
  recorder.report(parsed->statements, question.database, services.summary, services.slow_query_ns);
  if (done) done = sink.finish();
  figures().duration.observe(static_cast<double>(SystemClock::instance().steady_ns() - began_ns) /
                             1e9);
  if (done) return;
  log::debug("query.ended_early", {{"reason", done.error().message}});
  // A stream that has begun breaks off with the sink, which tells the client that it is not whole.
  if (sink.has_begun()) return figures().errors.add();
  refuse_question(reply, status_of(done.error().code), done.error().message);
}

}  // namespace

Result<QueryQuestion> read_query(const HttpRequest& request) {
  const FormFields form = form_of(request);
  const auto field = [&](std::string_view name) {
    return form.find(name).value_or(request.parameters.get(name));
  };
  QueryQuestion question;
  question.form = choose_form(request);
  question.writer.pretty = question.form.is_pretty;
  question.takes_gzip = accepts_gzip(request.headers);
  question.text = std::string(trim(field("q")));
  if (question.text.empty()) {
    return fail(ErrorCode::kInvalidInput, "missing required parameter \"q\"");
  }
  question.database = std::string(field("db"));
  question.policy = std::string(field("rp"));
  question.writer.epoch = parse_epoch(trim(field("epoch")));
  question.writer.chunked = field("chunked") == "true";
  if (question.writer.chunked) {
    question.writer.chunk_rows = positive(field("chunk_size")).value_or(question.writer.chunk_rows);
  }
  question.is_async = field("async") == "true";
  question.is_read_only = request.method == "GET";
  if (const auto json = field("params"); !json.empty()) {
    question.parameters = TRY(parse_parameters(json));
  }
  return question;
}

void handle_query(const QueryServices& services, const auth::Identity& who, HttpRequest request,
                  Reply reply) {
  figures().requests.add();
  const auto asked = std::make_shared<const HttpRequest>(std::move(request));
  const bool taken = services.pool.try_submit([services, asked, who, reply] {
    const auto question = read_query(*asked);
    if (question) return answer(services, *question, who, reply);
    refuse_question(reply, 400, question.error().message);
  });
  if (!taken) refuse_question(reply, 503, "too many queries are waiting");
}

void handle_readiness(const influxql::InfluxqlEngine& engine, WorkerPool& pool, Reply reply) {
  const bool taken = pool.try_submit([&engine, reply] {
    const influxql::QueryRequest request{.text = "SHOW DATABASES", .is_read_only = true};
    NullSink nothing;
    const auto parsed = engine.parse(request);
    if (!parsed) return reply.send_error(503, parsed.error().message);
    const auto done = engine.run(*parsed, request, nothing);
    if (!done) return reply.send_error(503, done.error().message);
    if (nothing.failed()) return reply.send_error(503, nothing.error());
    reply.send(200, "application/json", "{\"status\":\"pass\",\"message\":\"ready\"}\n");
  });
  if (!taken) reply.send_error(503, "too many queries are waiting");
}

}  // namespace varve::influx
