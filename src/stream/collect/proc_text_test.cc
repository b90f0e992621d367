// SPDX-License-Identifier: Apache-2.0
#include "stream/collect/proc_text.h"

#include <gtest/gtest.h>

namespace varve::collect {
namespace {

TEST(ProcText, ReadsTheTimesOfEachCoreAndTheirTotal) {
  const auto cpus = parse_cpu_times(
      "cpu  100 2 30 400 5 6 7 8 9 1\n"
      "cpu0 50 1 15 200 2 3 4 5 6 1\n"
      "cpu1 50 1 15 200\n"
      "cpu2 broken\n"
      "intr 12345 0 0\n"
      "ctxt 99\n");
  ASSERT_EQ(cpus.size(), 3u);
  EXPECT_EQ(cpus[0].name, "cpu-total");
  EXPECT_EQ(cpus[0].total(), 558u);
  EXPECT_EQ(cpus[0].guest, 9u);
  EXPECT_EQ(cpus[0].guest_nice, 1u);
  EXPECT_EQ(cpus[1].name, "cpu0");
  EXPECT_EQ(cpus[1].iowait, 2u);
  EXPECT_EQ(cpus[2].steal, 0u) << "an old kernel says less";
  EXPECT_TRUE(parse_cpu_times("").empty());
}

TEST(ProcText, ReadsLoadAndUptime) {
  const auto load = parse_load_average("0.52 1.25 12.00 2/345 6789\n");
  ASSERT_TRUE(load);
  EXPECT_EQ(load->load1, 0.52);
  EXPECT_EQ(load->load5, 1.25);
  EXPECT_EQ(load->load15, 12);
  EXPECT_FALSE(parse_load_average("0.52 x 1"));
  EXPECT_FALSE(parse_load_average(""));
  EXPECT_EQ(parse_uptime_s("12345.67 23456.78\n"), 12345u);
  EXPECT_FALSE(parse_uptime_s("soon"));
}

TEST(ProcText, ReadsMemoryInBytes) {
  const auto memory = parse_memory(
      "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n"
      "Buffers:          50 kB\nCached:          400 kB\nSwapCached:        1 kB\n"
      "Active:          300 kB\nInactive:        200 kB\nActive(anon):      9 kB\n"
      "SwapTotal:        20 kB\nSwapFree:         10 kB\nDirty:             3 kB\n"
      "Shmem:             4 kB\nHugePages_Total:   0\n");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->total, 1000u * 1024);
  EXPECT_EQ(memory->available, 600u * 1024);
  EXPECT_EQ(memory->cached, 400u * 1024);
  EXPECT_EQ(memory->active, 300u * 1024);
  EXPECT_EQ(memory->swap_free, 10u * 1024);
  EXPECT_EQ(memory->shared, 4u * 1024);
  EXPECT_FALSE(parse_memory("MemFree: 1 kB\n"));
  const auto old_kernel =
      parse_memory("MemTotal: 10 kB\nMemFree: 1 kB\nBuffers: 2 kB\nCached: 3 kB");
  EXPECT_EQ(old_kernel->available, 6u * 1024);
}

TEST(ProcText, ReadsDisksThatWereUsed) {
  const auto disks = parse_disks(
      "   7       0 loop0 5 0 10 0 0 0 0 0 0 0 0\n"
      " 259       0 nvme0n1 100 7 2000 30 400 8 5000 60 1 70 90 1 2 3 4\n"
      " 259       1 nvme0n1p1 0 0 0 0 0 0 0 0 0 0 0\n"
      "   8       0 sda 1 2\n");
  ASSERT_EQ(disks.size(), 1u);
  EXPECT_EQ(disks[0].name, "nvme0n1");
  EXPECT_EQ(disks[0].reads, 100u);
  EXPECT_EQ(disks[0].read_bytes, 2000u * 512);
  EXPECT_EQ(disks[0].writes, 400u);
  EXPECT_EQ(disks[0].write_bytes, 5000u * 512);
  EXPECT_EQ(disks[0].in_progress, 1u);
  EXPECT_EQ(disks[0].io_time_ms, 70u);
  EXPECT_EQ(disks[0].weighted_io_time_ms, 90u);
}

TEST(ProcText, ReadsNetworkInterfacesButTheLoopback) {
  const auto interfaces = parse_network(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
      "    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
      "  eth0:1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\n"
      "eth0:1: 5 5 0 0 0 0 0 0 6 6 0 0 0 0 0 0\n"
      "  bad0: 1 2 3\n");
  ASSERT_EQ(interfaces.size(), 2u);
  EXPECT_EQ(interfaces[0].name, "eth0");
  EXPECT_EQ(interfaces[0].bytes_recv, 1000u);
  EXPECT_EQ(interfaces[0].drop_in, 2u);
  EXPECT_EQ(interfaces[0].bytes_sent, 2000u);
  EXPECT_EQ(interfaces[0].err_out, 3u);
  EXPECT_EQ(interfaces[0].drop_out, 4u);
  EXPECT_EQ(interfaces[1].name, "eth0:1");
}

TEST(ProcText, ReadsMountsOnDevicesAndTheRoot) {
  const auto mounts = parse_mounts(
      "overlay / overlay rw,relatime 0 0\n"
      "proc /proc proc rw,nosuid 0 0\n"
      "tmpfs /dev/shm tmpfs rw 0 0\n"
      "/dev/sda1 /data\\040one ext4 rw,relatime 0 0\n"
      "/dev/sda1 /again ext4 rw 0 0\n"
      "/dev/sr0 /cd iso9660 ro 0 0\n"
      "/dev/sdb1 /backup xfs ro,noatime 0 0\n"
      "short line\n");
  ASSERT_EQ(mounts.size(), 3u);
  EXPECT_EQ(mounts[0].path, "/");
  EXPECT_EQ(mounts[1].path, "/data one");
  EXPECT_EQ(mounts[1].device, "/dev/sda1");
  EXPECT_TRUE(mounts[1].is_writable);
  EXPECT_EQ(mounts[2].file_system, "xfs");
  EXPECT_FALSE(mounts[2].is_writable);
}

TEST(ProcText, TakesAnyBytes) {
  std::string noise;
  for (int i = 0; i < 4'000; ++i) noise += static_cast<char>(i * 7919 >> 3);
  for (size_t cut = 0; cut < noise.size(); cut += 37) {
    const auto text = std::string_view(noise).substr(cut);
    parse_cpu_times(text);
    parse_load_average(text);
    parse_uptime_s(text);
    parse_memory(text);
    parse_disks(text);
    parse_network(text);
    parse_mounts(text);
  }
}

}  // namespace
}  // namespace varve::collect
