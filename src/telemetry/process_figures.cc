// SPDX-License-Identifier: Apache-2.0
#include "telemetry/process_figures.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace varve {
namespace {

std::string read_text(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return std::move(text).str();
}

double ticks_a_second() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

std::optional<uint64_t> count_open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return std::nullopt;
  uint64_t count = 0;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count - 1;  // Without the one that is reading.
}

std::optional<uint64_t> read_resident_bytes() {
  std::istringstream statm(read_text("/proc/self/statm"));
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return std::nullopt;
  return resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures figures{.uptime_seconds = {},
                         .cpu_seconds = {},
                         .resident_bytes = read_resident_bytes(),
                         .open_fds = count_open_fds()};
  const auto ticks = parse_process_stat(read_text("/proc/self/stat"));
  if (!ticks) return figures;
  figures.cpu_seconds = static_cast<double>(ticks->cpu) / ticks_a_second();
  std::istringstream machine(read_text("/proc/uptime"));
  double machine_seconds = 0;
  if (machine >> machine_seconds) {
    const double started_seconds = static_cast<double>(ticks->started) / ticks_a_second();
    // Both are rounded, so that a process may seem to start a moment ahead.
    figures.uptime_seconds = std::max(0.0, machine_seconds - started_seconds);
  }
  return figures;
}

std::optional<ProcessTicks> parse_process_stat(std::string_view text) {
  // Source: proc(5). The second field is the name in parentheses; utime is the 14th, stime the
  // 15th, starttime the 22nd.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream rest{std::string(text.substr(name_end + 1))};
  std::array<std::string, 11> skipped;
  for (auto& field : skipped) rest >> field;
  uint64_t user = 0;
  uint64_t system = 0;
  rest >> user >> system;
  for (size_t field = 16; field < 22; ++field) rest >> skipped[0];
  uint64_t started = 0;
  if (!(rest >> started)) return std::nullopt;
  return ProcessTicks{.cpu = user + system, .started = started};
}

}  // namespace varve
