// SPDX-License-Identifier: Apache-2.0
#include "stream/collect/host_sampler.h"

#include <algorithm>
#include <utility>

namespace varve::collect {
namespace {

// InfluxDB's protocol has no unsigned numbers; these counters stay far below the limit.
int64_t integer(uint64_t value) { return static_cast<int64_t>(value); }

double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// A counter may fall when a core comes back or a virtual machine moves.
uint64_t grown(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }

void add_usage(PointList& points, const CpuTimes& now, const CpuTimes& before) {
  const uint64_t whole = grown(now.total(), before.total());
  const auto share = [&](const char* name, uint64_t ticks) {
    points.field(name, percent(std::min(ticks, whole), whole));
  };
  const uint64_t guest = grown(now.guest, before.guest);
  const uint64_t guest_nice = grown(now.guest_nice, before.guest_nice);
  // The kernel counts guests in user and nice as well.
  share("usage_user", grown(grown(now.user, before.user), guest));
  share("usage_nice", grown(grown(now.nice, before.nice), guest_nice));
  share("usage_system", grown(now.system, before.system));
  share("usage_idle", grown(now.idle, before.idle));
  share("usage_iowait", grown(now.iowait, before.iowait));
  share("usage_irq", grown(now.irq, before.irq));
  share("usage_softirq", grown(now.softirq, before.softirq));
  share("usage_steal", grown(now.steal, before.steal));
  share("usage_guest", guest);
  share("usage_guest_nice", guest_nice);
}

}  // namespace

HostSampler::HostSampler(std::unique_ptr<HostFacts> facts, std::string host)
    : facts_(std::move(facts)), host_(std::move(host)) {}

std::unique_ptr<PointList> HostSampler::sample(int64_t time_ns) {
  auto points = std::make_unique<PointList>();
  add_cpu(*points, time_ns);
  add_system(*points, time_ns);
  add_memory(*points, time_ns);
  add_space(*points, time_ns);
  add_disks(*points, time_ns);
  add_network(*points, time_ns);
  return points;
}

std::string HostSampler::text_of(const char* path) {
  return facts_->read(path).value_or(std::string());
}

void HostSampler::add_cpu(PointList& points, int64_t time_ns) {
  auto now = parse_cpu_times(text_of("/proc/stat"));
  core_count_ = 0;
  for (const auto& cpu : now) {
    if (cpu.name != "cpu-total") ++core_count_;
    const auto before = std::find_if(cpu_last_.begin(), cpu_last_.end(),
                                     [&](const auto& other) { return other.name == cpu.name; });
    if (before == cpu_last_.end() || cpu.total() <= before->total()) continue;
    points.add("cpu", {{"cpu", cpu.name}, {"host", host_}}, time_ns);
    add_usage(points, cpu, *before);
  }
  cpu_last_ = std::move(now);
}

void HostSampler::add_system(PointList& points, int64_t time_ns) {
  const auto load = parse_load_average(text_of("/proc/loadavg"));
  const auto uptime_s = parse_uptime_s(text_of("/proc/uptime"));
  if (!load && !uptime_s) return;
  points.add("system", {{"host", host_}}, time_ns);
  if (load) {
    points.field("load1", load->load1);
    points.field("load5", load->load5);
    points.field("load15", load->load15);
  }
  if (core_count_ > 0) points.field("n_cpus", integer(core_count_));
  if (uptime_s) points.field("uptime", integer(*uptime_s));
}

void HostSampler::add_memory(PointList& points, int64_t time_ns) {
  const auto memory = parse_memory(text_of("/proc/meminfo"));
  if (!memory) return;
  const uint64_t used = memory->total - memory->available;
  points.add("mem", {{"host", host_}}, time_ns);
  points.field("total", integer(memory->total));
  points.field("available", integer(memory->available));
  points.field("available_percent", percent(memory->available, memory->total));
  points.field("used", integer(used));
  points.field("used_percent", percent(used, memory->total));
  points.field("free", integer(memory->free));
  points.field("buffered", integer(memory->buffered));
  points.field("cached", integer(memory->cached));
  points.field("active", integer(memory->active));
  points.field("inactive", integer(memory->inactive));
  points.field("shared", integer(memory->shared));
  points.field("dirty", integer(memory->dirty));
  points.field("swap_total", integer(memory->swap_total));
  points.field("swap_free", integer(memory->swap_free));
}

void HostSampler::add_space(PointList& points, int64_t time_ns) {
  for (const auto& mount : parse_mounts(text_of("/proc/self/mounts"))) {
    const auto space = facts_->space(mount.path);
    if (!space || space->total_bytes == 0) continue;
    const uint64_t used = grown(space->total_bytes, space->free_bytes);
    std::string_view device = mount.device;
    if (device.starts_with("/dev/")) device.remove_prefix(5);
    points.add("disk",
               {{"device", device},
                {"fstype", mount.file_system},
                {"host", host_},
                {"mode", mount.is_writable ? "rw" : "ro"},
                {"path", mount.path}},
               time_ns);
    points.field("total", integer(space->total_bytes));
    points.field("free", integer(space->available_bytes));
    points.field("used", integer(used));
    // Of what ordinary users can have, as df shows it.
    points.field("used_percent", percent(used, used + space->available_bytes));
    points.field("inodes_total", integer(space->inodes_total));
    points.field("inodes_free", integer(space->inodes_free));
    points.field("inodes_used", integer(grown(space->inodes_total, space->inodes_free)));
  }
}

void HostSampler::add_disks(PointList& points, int64_t time_ns) {
  for (const auto& disk : parse_disks(text_of("/proc/diskstats"))) {
    points.add("diskio", {{"host", host_}, {"name", disk.name}}, time_ns);
    points.field("reads", integer(disk.reads));
    points.field("writes", integer(disk.writes));
    points.field("read_bytes", integer(disk.read_bytes));
    points.field("write_bytes", integer(disk.write_bytes));
    points.field("read_time", integer(disk.read_time_ms));
    points.field("write_time", integer(disk.write_time_ms));
    points.field("merged_reads", integer(disk.merged_reads));
    points.field("merged_writes", integer(disk.merged_writes));
    points.field("io_time", integer(disk.io_time_ms));
    points.field("weighted_io_time", integer(disk.weighted_io_time_ms));
    points.field("iops_in_progress", integer(disk.in_progress));
  }
}

void HostSampler::add_network(PointList& points, int64_t time_ns) {
  for (const auto& network : parse_network(text_of("/proc/net/dev"))) {
    points.add("net", {{"host", host_}, {"interface", network.name}}, time_ns);
    points.field("bytes_recv", integer(network.bytes_recv));
    points.field("bytes_sent", integer(network.bytes_sent));
    points.field("packets_recv", integer(network.packets_recv));
    points.field("packets_sent", integer(network.packets_sent));
    points.field("err_in", integer(network.err_in));
    points.field("err_out", integer(network.err_out));
    points.field("drop_in", integer(network.drop_in));
    points.field("drop_out", integer(network.drop_out));
  }
}

}  // namespace varve::collect
