// SPDX-License-Identifier: Apache-2.0
#include "serve/admin/export_door.h"

#include <charconv>
#include <string>
#include <utility>

#include "base/log.h"
#include "query/influxql/plan/time_literal.h"
#include "serve/admin/admission.h"
#include "serve/http/gzip_encoder.h"
#include "serve/influx/answer_sink.h"

namespace varve::admin {
namespace {

// What fails before that much was read still has a status of its own.
constexpr size_t kWholeBytesMax = 64 * 1024;

Result<int64_t> time_parameter(const HttpRequest& request, std::string_view name,
                               int64_t otherwise) {
  const std::string_view text = request.parameters.get(name);
  if (text.empty()) return otherwise;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  if (const auto moment = influxql::parse_time(text, nullptr)) return moment->to_ns();
  return fail(ErrorCode::kInvalidInput, "parameter \"" + std::string(name) +
                                            "\" is neither nanoseconds nor RFC 3339: " +
                                            std::string(text));
}

}  // namespace

Result<ExportQuestion> export_question(const HttpRequest& request) {
  const auto text = [&](std::string_view name) {
    return std::string(request.parameters.get(name));
  };
  const TimeRange all;
  return ExportQuestion{
      .database = text("db"),
      .policy = text("rp"),
      .table = text("measurement"),
      .range = {.begin_ns = TRY(time_parameter(request, "start", all.begin_ns)),
                .end_ns = TRY(time_parameter(request, "end", all.end_ns))}};
}

ExportDoor::~ExportDoor() {
  cancel();
  stop();
}

HttpResponse ExportDoor::refuse(const HttpRequest& /*head*/, int status, std::string_view why) {
  return error_response(status, why);
}

void ExportDoor::handle(HttpRequest request, Responder responder) {
  if (request.method != "GET") {
    auto response = error_response(405, "this path takes GET");
    response.headers.add("Allow", "GET");
    return responder.send(std::move(response));
  }
  admit(access_, std::move(request), responder,
        [this, responder](const HttpRequest& admitted) { work(admitted, responder); });
}

void ExportDoor::work(const HttpRequest& request, const Responder& responder) {
  auto question = export_question(request);
  if (!question) {
    return responder.send(
        error_response(status_of(question.error().code), question.error().message));
  }
  const bool taken = pool_.try_submit([this, question = std::move(*question), responder,
                                       gzips = accepts_gzip(request.headers)] {
    run(question, gzips, responder);
  });
  if (!taken) responder.send(error_response(503, "too many exports at once"));
}

void ExportDoor::run(const ExportQuestion& question, bool gzips, const Responder& responder) {
  influx::AnswerSink sink(responder, {{"Content-Type", "text/plain; charset=utf-8"}},
                          {.whole_bytes_max = kWholeBytesMax, .gzips = gzips});
  const auto figures = export_lines({.catalog = catalog_, .store = store_, .stopping = stopping_},
                                    question, responder.cancelled(), sink);
  const auto done = figures ? sink.finish() : Result<void>(fail(figures.error()));
  if (done) {
    return log::info("export.done", {{"rows", figures->rows},
                                     {"cells_left_out", figures->cells_left_out}});
  }
  log::info("export.ended_early", {{"reason", done.error().message}});
  // An answer that has begun breaks off with the sink: the client sees that it is not whole.
  if (sink.has_begun()) return;
  responder.send(error_response(status_of(done.error().code), done.error().message));
}

}  // namespace varve::admin
