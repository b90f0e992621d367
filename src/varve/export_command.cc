// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "io/posix_file_system.h"
#include "serve/admin/export_door.h"
#include "serve/http/client.h"
#include "varve/byte_text.h"
#include "varve/commands.h"
#include "varve/export_output.h"
#include "varve/import_progress.h"
#include "varve/import_sender.h"

namespace varve {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kScreenInterval{200};
constexpr std::chrono::seconds kLineInterval{10};

int complain(std::string_view message) {
  std::fprintf(stderr, "varve: %.*s\n", static_cast<int>(message.size()), message.data());
  return 1;
}

std::string target_of(const ExportArguments& arguments) {
  std::string target(admin::kExportPath);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    target += target.find('?') == std::string::npos ? '?' : '&';
    target.append(name).append("=").append(percent_encode(value));
  };
  add("db", arguments.database);
  add("rp", arguments.policy);
  add("measurement", arguments.measurement);
  add("start", arguments.start);
  add("end", arguments.end);
  return target;
}

/// How far an export is, on standard error: over and over on a terminal, now and then elsewhere.
class ExportProgress {
 public:
  explicit ExportProgress(const ExportOutput& output) : output_(output) {}

  void show(bool last) {
    const auto now = Clock::now();
    const Clock::duration interval =
        on_terminal_ ? Clock::duration(kScreenInterval) : Clock::duration(kLineInterval);
    if (last ? !on_terminal_ : now - shown_ < interval) return;
    shown_ = now;
    const double seconds = std::max(std::chrono::duration<double>(now - began_).count(), 1e-3);
    const auto rate = static_cast<uint64_t>(static_cast<double>(output_.bytes()) / seconds);
    std::fprintf(stderr, on_terminal_ ? "\r\033[K%s lines, %s, %s/s%s" : "%s lines, %s, %s/s%s\n",
                 grouped(output_.lines()).c_str(), byte_text(output_.bytes()).c_str(),
                 byte_text(rate).c_str(), last ? "\n" : "");
  }

 private:
  const ExportOutput& output_;
  const Clock::time_point began_ = Clock::now();
  Clock::time_point shown_ = began_;
  const bool on_terminal_ = isatty(STDERR_FILENO) == 1;
};

Result<int> export_rows(const ExportArguments& arguments) {
  const ServerAccess server = completed(arguments.server);
  auto client = TRY(client_of(server));
  PosixFileSystem files;
  auto output = TRY(ExportOutput::open(files, arguments.out, arguments.gzip));
  ExportProgress progress(output);
  const auto answer =
      TRY(client.ask({.target = target_of(arguments)}, [&](std::string_view text) -> Result<void> {
        TRY_VOID(output.write(text));
        progress.show(false);
        return {};
      }));
  if (answer.status != 200) return complain(error_of_body(answer.body));
  const auto figures = TRY(output.finish());
  progress.show(true);
  std::fprintf(stderr, "%s rows exported\n", grouped(figures.rows).c_str());
  if (figures.cells_left_out == 0) return 0;
  return complain(grouped(figures.cells_left_out) +
                  " values were left out: line protocol cannot say them (NaN, or a newline or a "
                  "backslash in a name or tag)");
}

}  // namespace

int run_export(const ExportArguments& arguments) {
  const auto status = export_rows(arguments);
  return status ? *status : complain(status.error().message);
}

}  // namespace varve
