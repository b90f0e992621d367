// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <optional>

#include "base/check.h"
#include "base/thread.h"
#include "io/posix_file_system.h"
#include "query/influxql/ast_text.h"
#include "query/influxql/parser.h"
#include "serve/http/client.h"
#include "varve/commands.h"
#include "varve/import_progress.h"
#include "varve/import_sender.h"
#include "varve/result_table.h"

namespace varve {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kScreenInterval{200};
constexpr std::chrono::seconds kLineInterval{10};
constexpr std::chrono::seconds kSaveInterval{1};

int complain(std::string_view message) {
  std::fprintf(stderr, "varve: %.*s\n", static_cast<int>(message.size()), message.data());
  return 1;
}

HttpQuestion statement_question(const std::string& text) {
  return {.method = "POST",
          .target = "/query",
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body = "q=" + percent_encode(text)};
}

Result<void> create_database(const ServerAccess& server, const std::string& name) {
  auto client = TRY(client_of(server));
  const auto answer = TRY(
      client.ask(statement_question("CREATE DATABASE " + influxql::quote_identifier(name))));
  if (answer.status == 200 && answer.body.find("\"error\"") == std::string::npos) return {};
  // Who may only write cannot make one; whether it is there the first write tells.
  if (answer.status == 403) return {};
  return fail(ErrorCode::kIo,
              "cannot make database " + name + ": " + error_of_body(answer.body));
}

/// `influx_inspect export` writes CREATE DATABASE … WITH NAME … for each policy of a database,
/// which makes the first one only: gives what makes another one.
std::optional<std::string> policy_instead(std::string_view text, std::string_view answer) {
  if (answer.find("retention policy conflicts") == std::string_view::npos) return std::nullopt;
  const auto parsed = influxql::parse_query(text);
  if (!parsed || parsed->size() != 1) return std::nullopt;
  const auto* made = std::get_if<influxql::CreateDatabaseStatement>(&parsed->front());
  if (made == nullptr || made->policy_name.empty()) return std::nullopt;
  return to_string(influxql::Statement(influxql::CreateRetentionPolicyStatement{
      .name = made->policy_name,
      .database = made->name,
      .duration_ns = made->duration_ns.value_or(0),
      .replication = made->replication.value_or(1),
      .shard_duration_ns = made->shard_duration_ns}));
}

/// FILE.errors: number, reason and text of each refused line, separated by tabs.
class ErrorFile {
 public:
  ErrorFile(std::string path, bool append) : path_(std::move(path)) {
    if (!append) std::remove(path_.c_str());
  }
  ~ErrorFile() {
    if (file_) std::fclose(file_);
  }
  ErrorFile(const ErrorFile&) = delete;
  ErrorFile& operator=(const ErrorFile&) = delete;

  Result<void> add(const RefusedLine& line) {
    if (!file_) file_ = std::fopen(path_.c_str(), "ab");
    if (!file_ || std::fprintf(file_, "%llu\t%s\t%s\n", static_cast<unsigned long long>(line.line),
                               escaped(line.message).c_str(), escaped(line.text).c_str()) < 0) {
      return fail(ErrorCode::kIo, "cannot write " + path_);
    }
    return {};
  }
  void flush() {
    if (file_) std::fflush(file_);
  }
  const std::string& path() const { return path_; }

 private:
  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '\n') {
        out += "\\n";
      } else if (c == '\t') {
        out += "\\t";
      } else {
        out += c;
      }
    }
    return out;
  }

  std::string path_;
  std::FILE* file_ = nullptr;
};

/// Reads in the calling thread, sends in others.
class ImportRun {
 public:
  ImportRun(const ImportArguments& arguments, ImportSource source, ImportPosition start)
      : arguments_(arguments),
        source_(std::move(source)),
        tracker_(start),
        lines_before_(start.lines),
        errors_(arguments.path + ".errors", start.offset > 0),
        on_terminal_(isatty(STDERR_FILENO) == 1) {
    if (!on_terminal_) shown_ = began_;
  }

  Result<void> run(const ServerAccess& server);
  int summarise(const Result<void>& outcome);

 private:
  void send_batches(const ServerAccess& server);
  Result<void> read_batches(const ServerAccess& server);
  /// Queues points for the senders; false when the import has stopped.
  bool queue(ImportBatch batch);
  /// Runs the statement on its last line, once all before it is written.
  Result<void> run_statement(HttpClient& client, const ImportBatch& batch);
  void show(bool last);
  void save();

  const ImportArguments& arguments_;
  ImportSource source_;
  const Clock::time_point began_ = Clock::now();
  Clock::time_point shown_;
  Clock::time_point saved_ = Clock::now();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  std::deque<ImportBatch> waiting_;
  ImportTracker tracker_;
  const uint64_t lines_before_;
  ErrorFile errors_;
  Result<void> failure_;
  bool read_all_ = false;

  std::atomic<bool> stopped_{false};
  const bool on_terminal_;
};

Result<void> ImportRun::run(const ServerAccess& server) {
  std::vector<Thread> senders;
  for (size_t i = 0; i < arguments_.connections; ++i) {
    senders.emplace_back("import-" + std::to_string(i),
                         [this, &server] { send_batches(server); });
  }
  auto read = read_batches(server);
  {
    const std::lock_guard lock(mutex_);
    read_all_ = true;
    if (!read) stopped_.store(true);
  }
  changed_.notify_all();
  senders.clear();
  save();
  show(true);
  if (!failure_) return failure_;
  return read;
}

Result<void> ImportRun::read_batches(const ServerAccess& server) {
  auto client = TRY(client_of(server));
  while (!stopped_.load()) {
    auto batch = TRY(source_.next(arguments_.batch_lines));
    if (batch.line_count == 0) return {};
    if (batch.kind == ImportBatch::Kind::kPoints && batch.context.database.empty()) {
      return fail(ErrorCode::kInvalidInput,
                  "line " + std::to_string(batch.line_first) +
                      ": nothing says which database it is for: give --db");
    }
    {
      const std::lock_guard lock(mutex_);
      tracker_.begin(batch.offset_begin, batch.offset_end, batch.line_count);
      if (batch.kind == ImportBatch::Kind::kNothing) tracker_.end(batch.offset_begin, 0);
    }
    if (batch.kind == ImportBatch::Kind::kStatement) TRY_VOID(run_statement(client, batch));
    if (batch.kind == ImportBatch::Kind::kPoints && !queue(std::move(batch))) return {};
    show(false);
    if (Clock::now() - saved_ >= kSaveInterval) save();
  }
  return {};
}

bool ImportRun::queue(ImportBatch batch) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return stopped_.load() || waiting_.size() < arguments_.connections; });
    if (stopped_.load()) return false;
    waiting_.push_back(std::move(batch));
  }
  changed_.notify_all();
  return true;
}

Result<void> ImportRun::run_statement(HttpClient& client, const ImportBatch& batch) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_.load() || tracker_.is_only(batch.offset_begin); });
    if (stopped_.load()) return {};
  }
  std::string_view text = batch.text;
  if (text.ends_with('\n')) text.remove_suffix(1);
  text.remove_prefix(text.rfind('\n') + 1);
  auto answer = TRY(client.ask(statement_question(std::string(text))));
  if (const auto instead = policy_instead(text, answer.body)) {
    answer = TRY(client.ask(statement_question(*instead)));
  }
  const uint64_t line = batch.line_first + batch.line_count - 1;
  if (answer.status != 200 && answer.status != 400) {
    return fail(ErrorCode::kIo, "line " + std::to_string(line) + ": " +
                                    error_of_body(answer.body));
  }
  const auto drawn = TRY(draw_answer(answer.body));
  const std::lock_guard lock(mutex_);
  for (const auto& error : drawn.errors) TRY_VOID(errors_.add({line, error, std::string(text)}));
  tracker_.end(batch.offset_begin, drawn.errors.empty() ? 0 : 1);
  return {};
}

void ImportRun::send_batches(const ServerAccess& server) {
  auto client = client_of(server);
  CHECK(client.has_value());  // Its URL was good when the database was made.
  ImportSender sender(std::move(*client), {.precision = arguments_.precision}, stopped_);
  for (;;) {
    ImportBatch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_.load() || read_all_ || !waiting_.empty(); });
      if (stopped_.load() || waiting_.empty()) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    changed_.notify_all();
    const auto refused = sender.send(batch);
    std::unique_lock lock(mutex_);
    Result<void> outcome;
    if (!refused) {
      outcome = fail(refused.error());
    } else {
      for (const auto& line : *refused) {
        if (outcome) outcome = errors_.add(line);
      }
    }
    if (!outcome) {
      if (failure_ && !stopped_.load()) failure_ = outcome;
      stopped_.store(true);
      changed_.notify_all();
      return;
    }
    tracker_.end(batch.offset_begin, refused->size());
    lock.unlock();
    changed_.notify_all();
  }
}

void ImportRun::save() {
  saved_ = Clock::now();
  ImportPosition position;
  {
    const std::lock_guard lock(mutex_);
    errors_.flush();
    position = tracker_.position();
  }
  PosixFileSystem files;
  const auto written =
      write_file_atomically(files, arguments_.path + ".progress", to_text(position));
  if (!written) complain(written.error().message);
}

void ImportRun::show(bool last) {
  const auto now = Clock::now();
  if (!last && now - shown_ < (on_terminal_ ? Clock::duration(kScreenInterval) : kLineInterval)) {
    return;
  }
  if (last && !on_terminal_) return;
  shown_ = now;
  ImportFigures figures{.file_bytes = source_.file_bytes(),
                        .file_bytes_read = source_.file_bytes_read(),
                        .seconds = std::chrono::duration<double>(now - began_).count()};
  {
    const std::lock_guard lock(mutex_);
    figures.lines = tracker_.position().lines - lines_before_;
    figures.lines_refused = tracker_.position().lines_refused;
  }
  std::fprintf(stderr, on_terminal_ ? "\r\033[K%s" : "%s\n", progress_line(figures).c_str());
  if (last) std::fputc('\n', stderr);
}

int ImportRun::summarise(const Result<void>& outcome) {
  const auto& position = tracker_.position();
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  const uint64_t lines = position.lines - lines_before_;
  std::printf(
      "%s lines of %s sent%s in %.1f s (%s lines/s), %s refused\n", grouped(lines).c_str(),
      arguments_.path.c_str(),
      arguments_.database.empty() ? "" : (" to " + arguments_.database).c_str(), seconds,
      grouped(static_cast<uint64_t>(static_cast<double>(lines) / std::max(seconds, 1e-3))).c_str(),
      grouped(position.lines_refused).c_str());
  if (position.lines_refused > 0) std::printf("refused lines: %s\n", errors_.path().c_str());
  std::fflush(stdout);
  if (!outcome) {
    return complain(outcome.error().message + "; continue with --resume");
  }
  std::remove((arguments_.path + ".progress").c_str());
  return position.lines_refused > 0 ? 1 : 0;
}

Result<ImportPosition> start_position(const ImportArguments& arguments) {
  PosixFileSystem files;
  const std::string path = arguments.path + ".progress";
  if (!arguments.resume || !TRY(files.exists(path))) return ImportPosition{};
  auto position = parse_import_position(TRY(read_file(files, path)));
  if (!position) return fail(position.error().code, path + ": " + position.error().message);
  return position;
}

Result<int> import_file(const ImportArguments& arguments) {
  const ServerAccess server = completed(arguments.server);
  auto source = TRY(ImportSource::open(
      arguments.path, {.database = arguments.database, .policy = arguments.policy}));
  const auto start = TRY(start_position(arguments));
  if (!arguments.database.empty()) TRY_VOID(create_database(server, arguments.database));
  TRY_VOID(source.skip_to(start.offset));
  ImportRun run(arguments, std::move(source), start);
  return run.summarise(run.run(server));
}

}  // namespace

int run_import(const ImportArguments& arguments) {
  const auto status = import_file(arguments);
  return status ? *status : complain(status.error().message);
}

}  // namespace varve
