// SPDX-License-Identifier: Apache-2.0
#include "varve/admin_client.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/bucket_file_system.h"
#include "io/clock.h"
#include "serve/http/client.h"
#include "varve/config_sources.h"
#include "varve/options.h"

namespace varve {
namespace {

using nlohmann::json;

constexpr int64_t kTellEveryNs = 1'000'000'000;

void print(std::FILE* where, std::string_view prefix, std::string_view text) {
  std::fprintf(where, "%.*s%.*s\n", static_cast<int>(prefix.size()), prefix.data(),
               static_cast<int>(text.size()), text.data());
  std::fflush(where);
}

// The lines of an answer, in pieces as they come.
class AnswerLines {
 public:
  Result<void> take(std::string_view piece) {
    pending_ += piece;
    for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
      print_line(pending_.substr(0, end));
      pending_.erase(0, end + 1);
    }
    return {};
  }
  /// 0, 1, or nothing when the end did not come.
  std::optional<int> exit_status() const { return exit_status_; }

 private:
  void print_line(const std::string& line) {
    const auto event = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!event.is_object()) return;
    const auto text = [&](const char* member) {
      const auto found = event.find(member);
      return found != event.end() && found->is_string() ? found->get<std::string>()
                                                        : std::string();
    };
    if (event.contains("progress")) print(stderr, "", text("progress"));
    if (event.contains("damage")) print(stdout, "", text("damage"));
    if (event.contains("done")) {
      print(stdout, "", text("done"));
      exit_status_ = event.value("damaged", uint64_t{0}) == 0 ? 0 : 1;
    }
    if (event.contains("error")) {
      print(stderr, "varve: ", text("error"));
      exit_status_ = 1;
    }
  }

  std::string pending_;
  std::optional<int> exit_status_;
};

}  // namespace

Result<ServerAccess> server_of(ServerAccess given, const std::string& config_path) {
  if (!given.url.empty()) return completed(std::move(given));
  const auto config = TRY(load_config(config_path, {}));
  const auto options = http_options(config);
  if (!options) {
    return fail(ErrorCode::kInvalidInput,
                "the configuration has no listener (server.http_addr is \"off\"); use --url");
  }
  // Where a server listens on every address, this machine is one of them.
  const bool everywhere = options->host == "0.0.0.0" || options->host == "::";
  const std::string host = everywhere ? "127.0.0.1" : options->host;
  const bool is_v6 = host.find(':') != std::string::npos;
  given.url = std::string(options->tls ? "https://" : "http://") +
              (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(options->port);
  return completed(std::move(given));
}

int ask_administration(const ServerAccess& server, const std::string& target) {
  const auto complain = [](std::string_view why) {
    print(stderr, "varve: ", why);
    return 1;
  };
  auto client = client_of(server);
  if (!client) return complain(client.error().message);
  AnswerLines lines;
  const auto answer = client->ask({.method = "POST", .target = target, .headers = {}, .body = {}},
                                 [&](std::string_view piece) { return lines.take(piece); });
  if (!answer) {
    return complain(answer.error().message + (answer.error().message.starts_with("nothing answers")
                                                  ? "; is the server running? (varve serve)"
                                                  : ""));
  }
  if (answer->status != 200 && !lines.take(answer->body)) return 1;
  if (lines.exit_status()) return *lines.exit_status();
  return complain(answer->status == 200
                      ? "the server broke off before the end"
                        : server.url + " answered with status " + std::to_string(answer->status));
}

bool server_answers(const ServerAccess& server) {
  auto client = client_of(server);
  return client && client->ask({.method = "GET", .target = "/ping"}).has_value();
}

std::string absolute_path(const std::string& path) {
  if (BucketFileSystem::is_bucket_path(path)) return path;
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(path, ignored);
  return absolute.empty() ? path : absolute.lexically_normal().string();
}

Result<void> PrintedProgress::tick(const std::function<std::string()>& sentence) {
  const int64_t now_ns = SystemClock::instance().steady_ns();
  if (told_ns_ == 0) told_ns_ = now_ns;
  if (now_ns - told_ns_ < kTellEveryNs) return {};
  told_ns_ = now_ns;
  print(stderr, "", sentence());
  return {};
}

Result<void> PrintedProgress::damage(std::string_view sentence) {
  print(stdout, "", sentence);
  return {};
}

int print_outcome(const Result<admin::Outcome>& outcome) {
  if (!outcome) {
    print(stderr, "varve: ", outcome.error().message);
    return 1;
  }
  print(stdout, "", outcome->sentence);
  return outcome->damaged == 0 ? 0 : 1;
}

}  // namespace varve
