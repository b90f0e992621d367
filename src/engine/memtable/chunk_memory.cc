// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/chunk_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#include "base/check.h"

namespace varve::engine {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;
// Below it the last, half-empty page would be most of the memory.
constexpr size_t kMappedBytesMin = size_t{1} << 20;
constexpr size_t kSmallPageBytes = 4'096;

constexpr size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Whole huge pages when little of the last one stays empty.
size_t bytes_to_map(size_t size_bytes) {
  const size_t whole = round_up(size_bytes, kHugePageBytes);
  return (whole - size_bytes) * 8 <= whole ? whole : round_up(size_bytes, kSmallPageBytes);
}

// Null when the system has none. Begins where a huge page can.
char* map_aligned(size_t size_bytes) {
  const size_t more_bytes = size_bytes + kHugePageBytes;
  void* mapped =
      mmap(nullptr, more_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(mapped);
  const size_t before =
      round_up(reinterpret_cast<uintptr_t>(begin), kHugePageBytes) -
      reinterpret_cast<uintptr_t>(begin);
  if (before > 0) munmap(begin, before);
  char* data = begin + before;
  munmap(data + size_bytes, more_bytes - before - size_bytes);
  // Only a wish.
  madvise(data, size_bytes, MADV_HUGEPAGE);
  return data;
}

}  // namespace

ChunkMemory::ChunkMemory(size_t size_bytes) : size_bytes_(size_bytes) {
  if (size_bytes >= kMappedBytesMin) {
    const size_t mapped_bytes = bytes_to_map(size_bytes);
    data_ = map_aligned(mapped_bytes);
    if (data_ != nullptr) mapped_bytes_ = mapped_bytes;
  }
  if (data_ == nullptr) {
    data_ = static_cast<char*>(::operator new(size_bytes, std::align_val_t{kAlignment}));
  }
}

ChunkMemory::~ChunkMemory() {
  if (mapped_bytes_ > 0) {
    munmap(data_, mapped_bytes_);
  } else {
    ::operator delete(data_, std::align_val_t{kAlignment});
  }
}

char* ChunkMemory::take(size_t size_bytes) {
  char* begin = data_ + taken_bytes_;
  taken_bytes_ += rounded(size_bytes);
  CHECK(taken_bytes_ <= size_bytes_);
  return begin;
}

}  // namespace varve::engine
