// SPDX-License-Identifier: Apache-2.0
#include "stream/collect/proc_text.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace varve::collect {
namespace {

constexpr uint64_t kSectorBytes = 512;  // In /proc/diskstats, whatever the device has.

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t\r";
  for (size_t begin = line.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

template <class Number>
std::optional<Number> number_of(std::string_view word) {
  Number number{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

// The whole numbers from `begin` on, as far as they go.
std::vector<uint64_t> numbers_of(const std::vector<std::string_view>& words, size_t begin) {
  std::vector<uint64_t> numbers;
  for (size_t i = begin; i < words.size(); ++i) {
    const auto number = number_of<uint64_t>(words[i]);
    if (!number) break;
    numbers.push_back(*number);
  }
  return numbers;
}

// Mount tables write a blank as \040.
std::string unescape_octal(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      unsigned code = 0;
      const auto [end, error] = std::from_chars(&text[i + 1], &text[i + 1] + 3, code, 8);
      if (error == std::errc() && end == &text[i + 1] + 3 && code < 256) {
        plain += static_cast<char>(code);
        i += 3;
        continue;
      }
    }
    plain += text[i];
  }
  return plain;
}

}  // namespace

std::vector<CpuTimes> parse_cpu_times(std::string_view text) {
  std::vector<CpuTimes> all;
  while (!text.empty()) {
    const auto words = words_of(take_line(text));
    if (words.empty() || !words[0].starts_with("cpu")) continue;
    auto numbers = numbers_of(words, 1);
    if (numbers.size() < 4) continue;
    numbers.resize(10);  // Old kernels say less.
    CpuTimes& cpu = all.emplace_back();
    cpu.name = words[0] == "cpu" ? "cpu-total" : std::string(words[0]);
    cpu.user = numbers[0];
    cpu.nice = numbers[1];
    cpu.system = numbers[2];
    cpu.idle = numbers[3];
    cpu.iowait = numbers[4];
    cpu.irq = numbers[5];
    cpu.softirq = numbers[6];
    cpu.steal = numbers[7];
    cpu.guest = numbers[8];
    cpu.guest_nice = numbers[9];
  }
  return all;
}

std::optional<LoadAverage> parse_load_average(std::string_view text) {
  const auto words = words_of(take_line(text));
  if (words.size() < 3) return std::nullopt;
  const auto load1 = number_of<double>(words[0]);
  const auto load5 = number_of<double>(words[1]);
  const auto load15 = number_of<double>(words[2]);
  if (!load1 || !load5 || !load15) return std::nullopt;
  return LoadAverage{*load1, *load5, *load15};
}

std::optional<uint64_t> parse_uptime_s(std::string_view text) {
  const auto words = words_of(take_line(text));
  if (words.empty()) return std::nullopt;
  const auto seconds = number_of<double>(words[0]);
  if (!seconds || !(*seconds >= 0 && *seconds < 1e15)) return std::nullopt;
  return static_cast<uint64_t>(*seconds);
}

std::optional<MemoryFigures> parse_memory(std::string_view text) {
  MemoryFigures memory;
  bool has_available = false;
  const std::pair<std::string_view, uint64_t*> places[] = {
      {"MemTotal:", &memory.total},       {"MemFree:", &memory.free},
      {"MemAvailable:", &memory.available}, {"Buffers:", &memory.buffered},
      {"Cached:", &memory.cached},        {"Active:", &memory.active},
      {"Inactive:", &memory.inactive},    {"Shmem:", &memory.shared},
      {"Dirty:", &memory.dirty},          {"SwapTotal:", &memory.swap_total},
      {"SwapFree:", &memory.swap_free}};
  while (!text.empty()) {
    const auto words = words_of(take_line(text));
    if (words.size() < 2) continue;
    const auto kilobytes = number_of<uint64_t>(words[1]);
    if (!kilobytes) continue;
    for (const auto& [name, place] : places) {
      if (words[0] == name) *place = *kilobytes * 1'024;
    }
    has_available |= words[0] == "MemAvailable:";
  }
  if (memory.total == 0) return std::nullopt;
  if (!has_available) memory.available = memory.free + memory.buffered + memory.cached;
  memory.available = std::min(memory.available, memory.total);
  return memory;
}

std::vector<DiskFigures> parse_disks(std::string_view text) {
  std::vector<DiskFigures> all;
  while (!text.empty()) {
    const auto words = words_of(take_line(text));
    if (words.size() < 14) continue;
    if (words[2].starts_with("loop") || words[2].starts_with("ram")) continue;
    const auto numbers = numbers_of(words, 3);
    if (numbers.size() < 11 || (numbers[0] == 0 && numbers[4] == 0)) continue;
    DiskFigures& disk = all.emplace_back();
    disk.name = words[2];
    disk.reads = numbers[0];
    disk.merged_reads = numbers[1];
    disk.read_bytes = numbers[2] * kSectorBytes;
    disk.read_time_ms = numbers[3];
    disk.writes = numbers[4];
    disk.merged_writes = numbers[5];
    disk.write_bytes = numbers[6] * kSectorBytes;
    disk.write_time_ms = numbers[7];
    disk.in_progress = numbers[8];
    disk.io_time_ms = numbers[9];
    disk.weighted_io_time_ms = numbers[10];
  }
  return all;
}

std::vector<NetworkFigures> parse_network(std::string_view text) {
  std::vector<NetworkFigures> all;
  while (!text.empty()) {
    const auto line = take_line(text);
    // The name ends with a colon, which the first number may follow without a blank.
    const size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) continue;
    const auto name = words_of(line.substr(0, colon));
    const auto numbers = numbers_of(words_of(line.substr(colon + 1)), 0);
    if (name.size() != 1 || name[0] == "lo" || numbers.size() < 16) continue;
    NetworkFigures& network = all.emplace_back();
    network.name = name[0];
    network.bytes_recv = numbers[0];
    network.packets_recv = numbers[1];
    network.err_in = numbers[2];
    network.drop_in = numbers[3];
    network.bytes_sent = numbers[8];
    network.packets_sent = numbers[9];
    network.err_out = numbers[10];
    network.drop_out = numbers[11];
  }
  return all;
}

std::vector<Mount> parse_mounts(std::string_view text) {
  std::vector<Mount> all;
  std::set<std::string, std::less<>> devices;
  while (!text.empty()) {
    const auto words = words_of(take_line(text));
    if (words.size() < 4) continue;
    Mount mount{unescape_octal(words[0]), unescape_octal(words[1]), std::string(words[2]),
                words[3] == "rw" || words[3].starts_with("rw,")};
    if (!mount.device.starts_with("/dev/") && mount.path != "/") continue;
    if (mount.file_system == "squashfs" || mount.file_system == "iso9660") continue;
    if (!devices.insert(mount.device).second) continue;
    all.push_back(std::move(mount));
  }
  return all;
}

}  // namespace varve::collect
