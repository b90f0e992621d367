// SPDX-License-Identifier: Apache-2.0
#include "base/memory_governor.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <string>

// There when the program is linked with jemalloc.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, size_t* old_size,
                                             void* value, size_t value_size);

namespace varve {
namespace {

void give_back_free_memory() {
  if (mallctl == nullptr) {
    malloc_trim(0);
  } else {
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096: MALLCTL_ARENAS_ALL.
  }
}

// A measurement costs some microseconds.
constexpr int64_t kMeasureEveryNs = 10'000'000;
constexpr int64_t kTrimEveryNs = 1'000'000'000;

size_t page_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

// Without the pages of mapped files, above all the program itself (some 30 MiB): nothing here can
// free them, and the system takes them back when it needs them.
size_t read_resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t total_pages = 0;
  size_t resident_pages = 0;
  size_t shared_pages = 0;
  if (!(file >> total_pages >> resident_pages >> shared_pages)) return 0;
  return (resident_pages - std::min(resident_pages, shared_pages)) * page_bytes();
}

// The number in a file of the control group; nothing for "max" and where there is no file.
size_t read_limit(const char* path) {
  std::ifstream file(path);
  uint64_t bytes = 0;
  if (!(file >> bytes) || bytes == 0) return std::numeric_limits<size_t>::max();
  return bytes;
}

size_t share(size_t bytes, double part) {
  return static_cast<size_t>(static_cast<double>(bytes) * part);
}

}  // namespace

MemoryGovernor::MemoryGovernor(size_t limit_bytes, Process process)
    : limit_bytes_(limit_bytes),
      headroom_bytes_(std::min(kHeadroomBytes, share(limit_bytes, kHeadroomShare))),
      process_(std::move(process)) {}

MemoryGovernor::Process MemoryGovernor::this_process() {
  return {.resident_bytes = read_resident_bytes,
          .trim = give_back_free_memory,
          .steady_ns = [] {
            const auto since = std::chrono::steady_clock::now().time_since_epoch();
            return int64_t{since / std::chrono::nanoseconds(1)};
          }};
}

size_t MemoryGovernor::claimed_total() const {
  size_t total = 0;
  for (const auto& claimed : claimed_) total += claimed.load(std::memory_order_relaxed);
  return total;
}

size_t MemoryGovernor::used_bytes() const {
  return std::max(claimed_total(), resident_bytes_.load(std::memory_order_relaxed));
}

void MemoryGovernor::measure() {
  if (!process_.resident_bytes) return;
  const int64_t now_ns = process_.steady_ns();
  int64_t measured_ns = measured_ns_.load(std::memory_order_relaxed);
  if (measured_ns != INT64_MIN && now_ns - measured_ns < kMeasureEveryNs) return;
  if (!measured_ns_.compare_exchange_strong(measured_ns, now_ns)) return;
  resident_bytes_.store(process_.resident_bytes(), std::memory_order_relaxed);
  // Freed memory that the allocator keeps must not count for ever.
  const size_t resident = resident_bytes_.load(std::memory_order_relaxed);
  if (!process_.trim || resident < for_cache()) return;
  const MutexLock lock(trim_mutex_);
  if (trimmed_ns_ != INT64_MIN && now_ns - trimmed_ns_ < kTrimEveryNs) return;
  trimmed_ns_ = now_ns;
  process_.trim();
  resident_bytes_.store(process_.resident_bytes(), std::memory_order_relaxed);
}

bool MemoryGovernor::try_claim(Use use, size_t bytes) {
  measure();
  const size_t allowed = use == Use::kQueries ? for_queries() : for_writes();
  claim(use, bytes);
  // What was measured holds the older claims already; only the new one comes on top.
  const size_t resident = resident_bytes_.load(std::memory_order_relaxed);
  if (claimed_total() <= allowed && resident + bytes <= allowed) return true;
  release(use, bytes);
  return false;
}

void MemoryGovernor::claim(Use use, size_t bytes) {
  claimed_[static_cast<size_t>(use)].fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryGovernor::release(Use use, size_t bytes) {
  claimed_[static_cast<size_t>(use)].fetch_sub(bytes, std::memory_order_relaxed);
}

size_t MemoryGovernor::cache_bytes_max() const {
  const size_t allowed = for_cache();
  const size_t cached = claimed_bytes(Use::kCache);
  const size_t used = used_bytes();
  const size_t others = used - std::min(used, cached);
  return allowed - std::min(allowed, others);
}

bool MemoryGovernor::is_tight() const { return used_bytes() > for_cache(); }

size_t default_memory_limit_bytes() {
  const size_t machine = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes();
  const size_t group = std::min(read_limit("/sys/fs/cgroup/memory.max"),
                                read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  return std::min(machine, group) / 2;
}

}  // namespace varve
