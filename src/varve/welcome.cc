// SPDX-License-Identifier: Apache-2.0
#include "varve/welcome.h"

#include <chrono>
#include <cstdio>
#include <thread>

#include "serve/http/client.h"
#include "varve/result_table.h"

namespace varve {
namespace {

constexpr int kTriesMax = 40;
constexpr std::chrono::milliseconds kPause{100};

constexpr const char* kHostQuery =
    "SELECT mean(usage_user) AS programs, mean(usage_system) AS kernel, mean(usage_idle) AS idle "
    "FROM cpu WHERE time > now() - 1h AND cpu = 'cpu-total' GROUP BY time(1h) fill(none)";
constexpr const char* kOtherQuery = "SHOW DATABASES";

/// The row of figures in a drawn table, without its lines; empty when there is none.
std::string last_line(const std::string& text) {
  std::string trimmed = text;
  while (trimmed.ends_with('\n')) trimmed.pop_back();
  const auto start = trimmed.rfind('\n');
  const auto line = start == std::string::npos ? trimmed : trimmed.substr(start + 1);
  const auto first = line.find_first_not_of(' ');
  return first == std::string::npos ? "" : line.substr(first);
}

std::string ask(HttpClient& client, bool collects_host) {
  const HttpQuestion question{.target = collects_host
                                            ? "/query?db=host&q=" + percent_encode(kHostQuery)
                                            : "/query?q=" + percent_encode(kOtherQuery)};
  const auto answer = client.ask(question);
  if (!answer || answer->status != 200) return {};
  const auto drawn = draw_answer(answer->body);
  return drawn ? last_line(drawn->text) : "";
}

void greet(const std::string& address, const std::string& data_path, bool collects_host,
           const std::atomic<bool>& stopped) {
  auto where = parse_http_address(address);
  if (!where) return;
  HttpClient client(std::move(*where));
  std::string answer;
  // The first figures of the machine need two samples to be told apart.
  for (int i = 0; i < kTriesMax && answer.empty() && !stopped.load(); ++i) {
    answer = ask(client, collects_host);
    if (!answer.empty() || !collects_host) break;
    std::this_thread::sleep_for(kPause);
  }
  if (stopped.load()) return;
  const std::string query = collects_host
                                ? std::string("varve query \"") + kHostQuery + "\" --db host"
                                : std::string("varve query '") + kOtherQuery + "'";
  std::fputs(welcome_text(address, data_path, query, answer).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

std::string welcome_text(const std::string& address, const std::string& data_path,
                         const std::string& query, const std::string& answer) {
  const std::string url = "http://" + address;
  return "Varve is running. Its data is in " + data_path +
         "; Ctrl-C ends it.\n"
         "Make a database:  curl -d 'q=CREATE DATABASE plant' " +
         url +
         "/query\n"
         "Write a point:    curl -d 'boiler,room=1 celsius=71.5' '" +
         url +
         "/write?db=plant'\n"
         "Read it:          curl -G '" +
         url +
         "/query?db=plant&pretty=true' --data-urlencode "
         "'q=SELECT * FROM boiler'\n"
         "Is it well:       curl " +
         url + "/health; figures of its own: " + url +
         "/metrics\n"
         "Every setting:    varve config show\n"
         "A question:       " +
         query +
         "\n"
         "Its answer now:   " +
         (answer.empty() ? "(no rows yet)" : answer) + "\n";
}

Welcome::Welcome(std::string address, std::string data_path, bool collects_host)
    : stopped_(std::make_shared<std::atomic<bool>>(false)),
      thread_("welcome",
              [stopped = stopped_, address = std::move(address), data_path = std::move(data_path),
               collects_host] { greet(address, data_path, collects_host, *stopped); }) {}

Welcome::~Welcome() {
  if (stopped_) stopped_->store(true);
}

}  // namespace varve
