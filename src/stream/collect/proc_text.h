// SPDX-License-Identifier: Apache-2.0
// Reads the texts that Linux keeps under /proc. Pure: text in, values out. Lines that make no sense
// are left out; a kernel that says more than is known here does no harm.
// Source: proc(5); Documentation/admin-guide/iostats.rst of Linux.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::collect {

/// Clock ticks since start, of one core or of all.
struct CpuTimes {
  std::string name;  ///< "cpu0", …; all together "cpu-total", as Telegraf calls it.
  uint64_t user = 0;  ///< With guest in it.
  uint64_t nice = 0;  ///< With guest_nice in it.
  uint64_t system = 0;
  uint64_t idle = 0;
  uint64_t iowait = 0;
  uint64_t irq = 0;
  uint64_t softirq = 0;
  uint64_t steal = 0;
  uint64_t guest = 0;
  uint64_t guest_nice = 0;

  uint64_t total() const { return user + nice + system + idle + iowait + irq + softirq + steal; }
};

struct LoadAverage {
  double load1 = 0;
  double load5 = 0;
  double load15 = 0;
};

/// Bytes.
struct MemoryFigures {
  uint64_t total = 0;
  uint64_t free = 0;
  uint64_t available = 0;
  uint64_t buffered = 0;
  uint64_t cached = 0;
  uint64_t active = 0;
  uint64_t inactive = 0;
  uint64_t shared = 0;
  uint64_t dirty = 0;
  uint64_t swap_total = 0;
  uint64_t swap_free = 0;
};

/// Since start. Times in milliseconds.
struct DiskFigures {
  std::string name;
  uint64_t reads = 0;
  uint64_t merged_reads = 0;
  uint64_t read_bytes = 0;
  uint64_t read_time_ms = 0;
  uint64_t writes = 0;
  uint64_t merged_writes = 0;
  uint64_t write_bytes = 0;
  uint64_t write_time_ms = 0;
  uint64_t in_progress = 0;
  uint64_t io_time_ms = 0;
  uint64_t weighted_io_time_ms = 0;
};

/// Since start.
struct NetworkFigures {
  std::string name;
  uint64_t bytes_recv = 0;
  uint64_t packets_recv = 0;
  uint64_t err_in = 0;
  uint64_t drop_in = 0;
  uint64_t bytes_sent = 0;
  uint64_t packets_sent = 0;
  uint64_t err_out = 0;
  uint64_t drop_out = 0;
};

struct Mount {
  std::string device;
  std::string path;
  std::string file_system;
  bool is_writable = false;
};

/// /proc/stat: the cores, and their total.
std::vector<CpuTimes> parse_cpu_times(std::string_view text);
/// /proc/loadavg
std::optional<LoadAverage> parse_load_average(std::string_view text);
/// /proc/uptime, in whole seconds
std::optional<uint64_t> parse_uptime_s(std::string_view text);
/// /proc/meminfo; nothing without a total.
std::optional<MemoryFigures> parse_memory(std::string_view text);
/// /proc/diskstats without loop and RAM devices and those that nobody ever used.
std::vector<DiskFigures> parse_disks(std::string_view text);
/// /proc/net/dev without the loopback.
std::vector<NetworkFigures> parse_network(std::string_view text);
/// /proc/self/mounts: what lies on a device, and the root whatever it lies on; each device once.
std::vector<Mount> parse_mounts(std::string_view text);

}  // namespace varve::collect
