// SPDX-License-Identifier: Apache-2.0
#include "varve/answer_printer.h"

#include <cstdio>
#include <utility>

#include "varve/import_sender.h"
#include "varve/interrupt.h"
#include "varve/result_table.h"
#include "varve/shell_line.h"

namespace varve {
namespace {

constexpr std::string_view kCsvError = "error\n";  // A table's first line begins with "name,".

HttpQuestion question_of(const AnswerSettings& settings, std::string_view text) {
  std::string form = "q=" + percent_encode(text);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) form += "&" + std::string(name) + "=" + percent_encode(value);
  };
  add("db", settings.database);
  add("rp", settings.policy);
  add("epoch", settings.epoch);
  if (settings.chunked) form += "&chunked=true";
  const bool csv = settings.format == PrintFormat::kCsv;
  return {.method = "POST",
          .target = "/query",
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                      {"Accept", csv ? "text/csv" : "application/json"}},
          .body = std::move(form)};
}

/// Lower case, without what stands in quotes.
std::string bare_words(std::string_view text) {
  std::string words;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else {
      words += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a')
                                    : (c == '\n' || c == '\t' ? ' ' : c);
    }
  }
  return words;
}

enum class StatementKind : uint8_t { kReads, kCopies, kChanges };

/// What one statement does. Source: InfluxDB 1.8: its CSV leaves errors of statements out, so an
/// empty answer alone does not tell whether it worked.
StatementKind kind_of(std::string_view text) {
  const auto words = bare_words(text);
  const auto begin = words.find_first_not_of(' ');
  const auto rest = begin == std::string::npos ? std::string_view()
                                               : std::string_view(words).substr(begin);
  if (rest.starts_with("show") || rest.starts_with("explain")) return StatementKind::kReads;
  if (!rest.starts_with("select")) return StatementKind::kChanges;
  return rest.find(" into ") == std::string_view::npos ? StatementKind::kReads
                                                       : StatementKind::kCopies;
}

Result<void> print(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
  return fail(ErrorCode::kIo, "cannot write to standard output");
}

/// Sends the question; the body goes to `on_body`. The error names what a person can do about it.
Result<void> exchange(HttpClient& client, const HttpQuestion& question,
                      const HttpClient::OnBody& on_body) {
  const auto answer = client.ask(question, [&](std::string_view piece) -> Result<void> {
    if (is_interrupted()) return fail(ErrorCode::kIo, "interrupted");
    return on_body(piece);
  });
  // The client has closed its connection, by which the server knows that nobody waits.
  if (!answer && is_interrupted()) return fail(ErrorCode::kIo, "interrupted");
  if (!answer) return fail(answer.error().code, with_hint(answer.error().message));
  if (answer->status == 200) return {};
  const auto reason = answer->headers.find("X-Influxdb-Error");
  if (reason && answer->status != 401) return fail(ErrorCode::kInvalidInput, std::string(*reason));
  if (!answer->body.empty()) return fail(ErrorCode::kInvalidInput, error_of_body(answer->body));
  return fail(ErrorCode::kInvalidInput,
              "the server answered with status " + std::to_string(answer->status));
}

/// Takes the body of an answer piece by piece.
class AnswerBody {
 public:
  explicit AnswerBody(PrintFormat format) : format_(format) {}

  Result<void> take(std::string_view piece) {
    if (format_ == PrintFormat::kCsv) return take_csv(piece);
    pending_ += piece;
    // One document a line.
    size_t begin = 0;
    for (size_t end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n', begin)) {
      TRY_VOID(take_document(std::string_view(pending_).substr(begin, end + 1 - begin)));
      begin = end + 1;
    }
    pending_.erase(0, begin);
    return {};
  }

  Result<void> finish() {
    if (format_ != PrintFormat::kCsv) {
      return pending_.empty() ? Result<void>{} : take_document(pending_);
    }
    if (!pending_.starts_with(kCsvError)) return print(pending_);
    std::string_view reason = std::string_view(pending_).substr(kCsvError.size());
    while (reason.ends_with('\n') || reason.ends_with('"')) reason.remove_suffix(1);
    if (reason.starts_with('"')) reason.remove_prefix(1);
    complain(reason);
    failed_ = true;
    return {};
  }

  bool failed() const { return failed_; }
  bool is_empty() const { return !has_printed_ && pending_.empty(); }

 private:
  Result<void> take_csv(std::string_view piece) {
    if (has_printed_) return print(piece);
    pending_ += piece;
    const auto head = std::string_view(pending_).substr(0, kCsvError.size());
    if (kCsvError.starts_with(head)) return {};  // An error, or too little to tell.
    has_printed_ = true;
    return print(std::exchange(pending_, {}));
  }

  Result<void> take_document(std::string_view text) {
    if (format_ == PrintFormat::kJson) TRY_VOID(print(text));
    const auto answer = TRY(draw_answer(text));
    failed_ = failed_ || !answer.errors.empty();
    if (format_ == PrintFormat::kJson) return {};
    if (has_printed_ && !answer.text.empty()) TRY_VOID(print("\n"));
    has_printed_ = has_printed_ || !answer.text.empty();
    TRY_VOID(print(answer.text));
    std::fflush(stdout);
    for (const auto& message : answer.messages) complain("warning: " + message);
    for (const auto& error : answer.errors) complain(error);
    return {};
  }

  PrintFormat format_;
  std::string pending_;  // What is not printed yet.
  bool has_printed_ = false;
  bool failed_ = false;
};

/// The errors of the statement, without its rows. False when there are any.
bool ask_for_errors(HttpClient& client, const AnswerSettings& settings, std::string_view text) {
  const auto body = ask_for_json(client, settings, text);
  const auto answer = body ? draw_answer(*body) : Result<DrawnAnswer>(fail(body.error()));
  if (!answer) {
    complain(answer.error().message);
    return false;
  }
  for (const auto& message : answer->messages) complain("warning: " + message);
  for (const auto& error : answer->errors) complain(error);
  return answer->errors.empty();
}

}  // namespace

void complain(std::string_view message) {
  std::fflush(stdout);
  std::fprintf(stderr, "varve: %.*s\n", static_cast<int>(message.size()), message.data());
}

std::string with_hint(std::string message) {
  if (message.starts_with("nothing answers")) message += "; is the server running? (varve serve)";
  return message;
}

Result<std::string> ask_for_json(HttpClient& client, const AnswerSettings& settings,
                                 std::string_view text) {
  std::string body;
  AnswerSettings whole = settings;
  whole.format = PrintFormat::kJson;
  whole.chunked = false;
  TRY_VOID(exchange(client, question_of(whole, text), [&](std::string_view piece) -> Result<void> {
    body += piece;
    return {};
  }));
  return body;
}

bool ask_and_print(HttpClient& client, const AnswerSettings& settings, std::string_view text) {
  // Several statements in one CSV are taken as they come.
  const bool is_single = split_shell_line(text).size() == 1;
  const bool hides_errors = settings.format == PrintFormat::kCsv && is_single;
  const auto kind = hides_errors ? kind_of(text) : StatementKind::kReads;
  if (kind == StatementKind::kChanges) return ask_for_errors(client, settings, text);
  AnswerBody body(settings.format);
  auto done = exchange(client, question_of(settings, text),
                       [&](std::string_view piece) { return body.take(piece); });
  if (done) done = body.finish();
  std::fflush(stdout);
  if (!done) complain(done.error().message);
  if (!done || body.failed()) return false;
  if (!hides_errors || !body.is_empty()) return true;
  if (kind == StatementKind::kReads) return ask_for_errors(client, settings, text);
  complain("the statement wrote nothing; with --format json the server says why");
  return false;
}

}  // namespace varve
