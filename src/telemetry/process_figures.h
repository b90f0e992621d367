// SPDX-License-Identifier: Apache-2.0
// What the operating system counts about this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace varve {

/// A figure that cannot be read is absent, not zero.
struct ProcessFigures {
  std::optional<double> uptime_seconds;
  std::optional<double> cpu_seconds;  ///< User and system time of all threads.
  std::optional<uint64_t> resident_bytes;
  std::optional<uint64_t> open_fds;
};

/// Threads: safe anywhere.
ProcessFigures read_process_figures();

/// Ticks of the clock, of which a second has sysconf(_SC_CLK_TCK).
struct ProcessTicks {
  uint64_t cpu = 0;       ///< User and system time.
  uint64_t started = 0;   ///< Since the machine started.
};

/// Reads the text of /proc/<pid>/stat. The name of a process may hold spaces and parentheses.
std::optional<ProcessTicks> parse_process_stat(std::string_view text);

}  // namespace varve
