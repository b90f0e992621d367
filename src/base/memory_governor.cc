// SPDX-License-Identifier: Apache-2.0
#include "base/memory_governor.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
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

// A measurement costs a microsecond or two.
constexpr int64_t kMeasureEveryNs = 1'000'000;
// What grows before it is counted does not shrink with the limit.
constexpr size_t kSmallHeadroomBytes = 48ull << 20;
constexpr double kSmallHeadroomShare = 0.4;
constexpr int64_t kTrimEveryNs = 200'000'000;
// What was held beyond the claims is forgotten at this rate: half of it in about 0.7 s.
constexpr double kForgetNs = 1e9;
// The program's pages count, but a small limit must not be refused for them.
constexpr double kFileShareMax = 1.0 / 4;

size_t page_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

struct HeldPages {
  size_t anonymous = 0;
  size_t of_files = 0;
};

HeldPages read_held_pages() {
  static const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  char text[128];
  const ssize_t size = file < 0 ? -1 : pread(file, text, sizeof(text) - 1, 0);
  if (size <= 0) return {};
  text[size] = '\0';
  size_t total = 0;
  size_t resident = 0;
  size_t of_files = 0;
  if (std::sscanf(text, "%zu %zu %zu", &total, &resident, &of_files) != 3) return {};
  return {.anonymous = resident - std::min(resident, of_files), .of_files = of_files};
}

// Without the pages of mapped files: nothing here can free them, and the system takes them back
// when it needs them.
size_t read_resident_bytes() { return read_held_pages().anonymous * page_bytes(); }
size_t read_file_bytes() { return read_held_pages().of_files * page_bytes(); }

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
      headroom_bytes_(std::min(kHeadroomBytes,
                               std::max(share(limit_bytes, kHeadroomShare),
                                        std::min(kSmallHeadroomBytes,
                                                 share(limit_bytes, kSmallHeadroomShare))))),
      process_(std::move(process)) {}

MemoryGovernor::Process MemoryGovernor::this_process() {
  return {.resident_bytes = read_resident_bytes,
          .file_bytes = read_file_bytes,
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
  return claimed_total() + unclaimed_bytes_.load(std::memory_order_relaxed);
}

size_t MemoryGovernor::note_unclaimed(int64_t now_ns) {
  const size_t claimed = claimed_total();
  size_t resident = process_.resident_bytes();
  if (process_.file_bytes) {
    resident += std::min(process_.file_bytes(), share(limit_bytes_, kFileShareMax));
  }
  const int64_t before_ns = measured_ns_.exchange(now_ns, std::memory_order_relaxed);
  const double passed = before_ns == INT64_MIN ? std::numeric_limits<double>::infinity()
                                               : static_cast<double>(now_ns - before_ns);
  const size_t remembered =
      share(unclaimed_bytes_.load(std::memory_order_relaxed), std::exp(-passed / kForgetNs));
  unclaimed_bytes_.store(std::max(remembered, resident - std::min(resident, claimed)),
                         std::memory_order_relaxed);
  return resident;
}

void MemoryGovernor::measure() {
  if (!process_.resident_bytes) return;
  const int64_t now_ns = process_.steady_ns();
  const int64_t measured_ns = measured_ns_.load(std::memory_order_relaxed);
  if (measured_ns != INT64_MIN && now_ns - measured_ns < kMeasureEveryNs) return;
  trim_if_it_pays(now_ns, note_unclaimed(now_ns));
}

// Freed memory that the allocator keeps must not count for ever.
void MemoryGovernor::trim_if_it_pays(int64_t now_ns, size_t resident) {
  if (!process_.trim || resident < for_cache()) return;
  int64_t trimmed_ns = trimmed_ns_.load(std::memory_order_relaxed);
  if (trimmed_ns != INT64_MIN && now_ns - trimmed_ns < kTrimEveryNs) return;
  if (!trimmed_ns_.compare_exchange_strong(trimmed_ns, now_ns)) return;
  process_.trim();
  measured_ns_.store(INT64_MIN, std::memory_order_relaxed);  // What was kept is forgotten.
  note_unclaimed(now_ns);
}

bool MemoryGovernor::try_claim(Use use, size_t bytes) {
  measure();
  const size_t allowed = use == Use::kQueries ? for_queries() : for_writes();
  // What is too much by itself must not be in the way of others even for a moment.
  const size_t used = used_bytes();
  if (used > allowed || bytes > allowed - used) return false;
  claim(use, bytes);
  if (used_bytes() <= allowed) return true;
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
