// SPDX-License-Identifier: Apache-2.0
// Samples this machine into points, named as Telegraf names them:
//
//   cpu     (cpu)                        usage_user, usage_idle, …      percent since last time
//   system                               load1, load5, load15, n_cpus, uptime
//   mem                                  total, available, used, used_percent, …
//   disk    (device, fstype, mode, path) total, free, used, used_percent, inodes_…
//   diskio  (name)                       read_bytes, io_time, …         since the machine started
//   net     (interface)                  bytes_recv, bytes_sent, …      since the machine started
//
// Every point has the tag `host`. What cannot be read is left out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ingest/point_list.h"
#include "stream/collect/host_facts.h"
#include "stream/collect/proc_text.h"

namespace varve::collect {

/// Threads: one owner.
class HostSampler {
 public:
  HostSampler(std::unique_ptr<HostFacts> facts, std::string host);

  /// All points of this moment. The first sample has no cpu: usage needs two.
  std::unique_ptr<PointList> sample(int64_t time_ns);

 private:
  std::string text_of(const char* path);
  void add_cpu(PointList& points, int64_t time_ns);
  void add_system(PointList& points, int64_t time_ns);
  void add_memory(PointList& points, int64_t time_ns);
  void add_space(PointList& points, int64_t time_ns);
  void add_disks(PointList& points, int64_t time_ns);
  void add_network(PointList& points, int64_t time_ns);

  std::unique_ptr<HostFacts> facts_;
  std::string host_;
  std::vector<CpuTimes> cpu_last_;
  size_t core_count_ = 0;
};

}  // namespace varve::collect
