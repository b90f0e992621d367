// SPDX-License-Identifier: Apache-2.0
#include "varve/import_sender.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "varve/line_splitter.h"

namespace varve {
namespace {

constexpr std::string_view kPartial = "partial write: ";

std::string_view without_newline(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

/// Whether asking again can help.
bool may_work_later(int status) { return status == 408 || status == 429 || status == 503; }

/// If the message quotes lines that did not parse, and nothing else, gives them: the lines that
/// were written need not be sent again.
template <class Line>
bool match_quoted(std::string_view message, const Line* begin, const Line* end,
                  std::vector<RefusedLine>& refused) {
  constexpr std::string_view kQuote = "unable to parse '";
  std::vector<RefusedLine> found;
  for (const Line* line = begin; line != end && !message.empty(); ++line) {
    const auto text = without_newline(line->text);
    if (!message.starts_with(kQuote)) return false;
    const auto quoted = message.substr(kQuote.size());
    if (text.empty() || !quoted.starts_with(text) ||
        !quoted.substr(text.size()).starts_with("':")) {
      continue;
    }
    auto stop = message.find("\nunable to parse '", kQuote.size() + text.size());
    if (stop == std::string_view::npos) stop = message.size();
    found.push_back({line->number, std::string(message.substr(0, stop)), std::string(text)});
    message.remove_prefix(std::min(message.size(), stop + 1));
  }
  if (!message.empty()) return false;
  refused.insert(refused.end(), found.begin(), found.end());
  return true;
}

}  // namespace

std::string_view bare_reason(std::string_view message) {
  if (!message.starts_with(kPartial)) return message;
  message.remove_prefix(kPartial.size());
  const auto dropped = message.rfind(" dropped=");
  return message.substr(0, dropped);
}

std::string error_of_body(const std::string& body) {
  const auto document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("error")) return body;
  const auto& text = document["error"];
  return text.is_string() ? text.get<std::string>() : body;
}

std::string ImportSender::target_of(const ImportContext& context) const {
  std::string target = "/write?db=" + percent_encode(context.database) +
                       "&precision=" + percent_encode(options_.precision);
  if (!context.policy.empty()) target += "&rp=" + percent_encode(context.policy);
  return target;
}

Result<HttpResponse> ImportSender::post(std::string_view text) {
  const HttpQuestion question{.method = "POST",
                              .target = target_,
                              .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                              .body = std::string(text)};
  int64_t pause_ms = options_.first_pause_ms;
  for (int tries = 1;; ++tries) {
    auto answer = client_.ask(question);
    const bool again =
        answer ? may_work_later(answer->status) : answer.error().code == ErrorCode::kIo;
    if (!again || tries >= options_.tries_max) return answer;
    for (int64_t waited = 0; waited < pause_ms && !stopped_.load(); waited += 50) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min<int64_t>(50, pause_ms)));
    }
    if (stopped_.load()) return fail(ErrorCode::kCancelled, "the import was stopped");
    pause_ms = std::min(2 * pause_ms, options_.pause_ms_max);
  }
}

Result<std::vector<RefusedLine>> ImportSender::send(const ImportBatch& batch) {
  target_ = target_of(batch.context);
  std::vector<RefusedLine> refused;
  std::vector<Line> lines;
  lines.reserve(batch.line_count);
  LineSplitter splitter;
  std::string_view rest = batch.text;
  while (!rest.empty()) {
    const auto end = std::min(splitter.find_end(rest), rest.size());
    lines.push_back({batch.line_first + lines.size(), rest.substr(0, end)});
    rest.remove_prefix(end);
  }
  TRY_VOID(send_lines(lines.data(), lines.data() + lines.size(), refused));
  return refused;
}

Result<void> ImportSender::send_lines(const Line* begin, const Line* end,
                                      std::vector<RefusedLine>& refused) {
  if (begin == end) return {};
  const char* const first = begin->text.data();
  const char* const last = (end - 1)->text.data() + (end - 1)->text.size();
  const auto answer = TRY(post({first, static_cast<size_t>(last - first)}));
  if (answer.status / 100 == 2) return {};
  const std::string message = error_of_body(answer.body);
  if (answer.status != 400 && answer.status != 413 && answer.status != 422) {
    return fail(ErrorCode::kIo, "line " + std::to_string(begin->number) +
                                    ": the server answered with status " +
                                    std::to_string(answer.status) + ": " + message);
  }
  const auto reason = bare_reason(message);
  if (end - begin == 1) {
    refused.push_back(
        {begin->number, std::string(reason), std::string(without_newline(begin->text))});
    return {};
  }
  if (answer.status == 400 && match_quoted(reason, begin, end, refused)) return {};
  // The answer does not say which lines: halves do. What was written is written again, which
  // changes nothing.
  const Line* const middle = begin + (end - begin) / 2;
  TRY_VOID(send_lines(begin, middle, refused));
  return send_lines(middle, end, refused);
}

}  // namespace varve
