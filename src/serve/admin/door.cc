// SPDX-License-Identifier: Apache-2.0
#include "serve/admin/door.h"

#include <functional>
#include <optional>
#include <utility>

#include "base/log.h"
#include "codec/text/json_text.h"
#include "serve/admin/admission.h"

namespace varve::admin {
namespace {

constexpr int64_t kTellEveryNs = 500'000'000;

std::string line_of(std::string_view member, std::string_view text, std::string_view rest = "") {
  std::string line = "{\"" + std::string(member) + "\":";
  append_json_string(line, text);
  line.append(rest).append("}\n");
  return line;
}

/// The answer as it grows: nothing is sent before the first line is told.
class Telling final : public Progress {
 public:
  Telling(Responder responder, std::shared_ptr<std::atomic<bool>> stopping, const Clock& clock)
      : responder_(std::move(responder)),
        gone_(responder_.cancelled()),
        stopping_(std::move(stopping)),
        clock_(clock),
        told_ns_(clock.steady_ns()) {}

  Result<void> tick(const std::function<std::string()>& sentence) override {
    if (stopping_->load()) return fail(ErrorCode::kCancelled, "the server is stopping");
    if (gone_->load()) return fail(ErrorCode::kCancelled, "whoever asked for it went away");
    const int64_t now_ns = clock_.steady_ns();
    if (now_ns - told_ns_ < kTellEveryNs) return {};
    told_ns_ = now_ns;
    return tell(line_of("progress", sentence()));
  }
  Result<void> damage(std::string_view sentence) override {
    return tell(line_of("damage", sentence));
  }

  void end(const Result<Outcome>& outcome) {
    if (!outcome && !stream_) {
      return responder_.send(
          error_response(status_of(outcome.error().code), outcome.error().message));
    }
    auto told = outcome ? tell(line_of("done", outcome->sentence,
                                       ",\"damaged\":" + std::to_string(outcome->damaged)))
                        : tell(line_of("error", outcome.error().message));
    if (told) told = stream_->finish();
    if (!told) log::debug("admin.answer_lost", {{"reason", told.error().message}});
  }

 private:
  Result<void> tell(const std::string& line) {
    if (!stream_) {
      stream_ = responder_.begin({.headers = {{"Content-Type", "application/x-ndjson"}}});
    }
    return stream_->write(line);
  }

  Responder responder_;
  std::shared_ptr<std::atomic<bool>> gone_;
  std::shared_ptr<std::atomic<bool>> stopping_;
  const Clock& clock_;
  int64_t told_ns_;
  std::unique_ptr<ByteStream> stream_;
};

using Work = std::function<Result<Outcome>(Administration&, Progress&)>;

bool flag(const HttpRequest& request, std::string_view name) {
  return request.parameters.get(name) == "true";
}

Result<std::string> folder(const HttpRequest& request, std::string_view name) {
  const auto text = std::string(request.parameters.get(name));
  if (text.starts_with('/') || text.starts_with("s3://")) return text;
  return fail(ErrorCode::kInvalidInput,
              text.empty() ? "parameter \"" + std::string(name) + "\" is missing"
                           : "parameter \"" + std::string(name) +
                                 "\" is no absolute path: " + text);
}

// Nothing for a path that is not ours.
Result<std::optional<Work>> work_of(const HttpRequest& request) {
  if (request.path == kBackupPath) {
    BackupQuestion question{.to = TRY(folder(request, "to")), .copies = flag(request, "copy")};
    return [question](Administration& all, Progress& progress) {
      return all.back_up(question, progress);
    };
  }
  if (request.path == kRestorePath) {
    RestoreQuestion question{.from = TRY(folder(request, "from")),
                             .database = std::string(request.parameters.get("db")),
                             .as = std::string(request.parameters.get("as")),
                             .table = std::string(request.parameters.get("table")),
                             .merges = flag(request, "merge")};
    if (question.database.empty()) {
      return fail(ErrorCode::kInvalidInput, "parameter \"db\" is missing");
    }
    return [question](Administration& all, Progress& progress) {
      return all.restore(question, progress);
    };
  }
  if (request.path == kVerifyPath) {
    return [](Administration& all, Progress& progress) { return all.verify(progress); };
  }
  return std::nullopt;
}

}  // namespace

AdminDoor::AdminDoor(Administration& administration, const Access& access, const Clock& clock)
    : administration_(administration), access_(access), clock_(clock) {}

AdminDoor::~AdminDoor() {
  cancel();
  stop();
}

void AdminDoor::stop() { pool_.stop(); }

HttpResponse AdminDoor::refuse(const HttpRequest& /*head*/, int status, std::string_view why) {
  return error_response(status, why);
}

void AdminDoor::handle(HttpRequest request, Responder responder) {
  if (request.method != "POST") {
    auto response = error_response(405, "this path takes POST");
    response.headers.add("Allow", "POST");
    return responder.send(std::move(response));
  }
  admit(access_, std::move(request), responder,
        [this, responder](const HttpRequest& admitted) { work(admitted, responder); });
}

void AdminDoor::work(const HttpRequest& request, const Responder& responder) {
  const auto answer = [&](int status, std::string_view why) {
    responder.send(error_response(status, why));
  };
  const auto work = work_of(request);
  if (!work) return answer(status_of(work.error().code), work.error().message);
  if (!*work) return answer(404, "there is nothing at " + request.path);
  if (busy_.exchange(true)) {
    return answer(409, "another backup, restore or verification is running");
  }
  const bool taken = pool_.try_submit([this, work = **work, responder] {
    Telling telling(responder, stopping_, clock_);
    const auto outcome = work(administration_, telling);
    // Before the answer: whoever got it may ask again.
    busy_ = false;
    telling.end(outcome);
  });
  if (taken) return;
  busy_ = false;
  answer(503, "the server is stopping");
}

}  // namespace varve::admin
