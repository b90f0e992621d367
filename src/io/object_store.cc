// SPDX-License-Identifier: Apache-2.0
#include "io/object_store.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "base/mutex.h"
#include "base/thread.h"

namespace varve {

Result<std::string> read_object(ObjectStore& store, const std::string& name) {
  return store.get(name, 0, std::numeric_limits<uint32_t>::max());
}

Result<void> run_in_parallel(size_t count, size_t threads_max,
                             const std::function<Result<void>(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  Mutex mutex;
  Result<void> outcome;
  const auto run = [&] {
    while (!failed.load(std::memory_order_relaxed)) {
      const size_t item = next.fetch_add(1, std::memory_order_relaxed);
      if (item >= count) return;
      auto done = work(item);
      if (done) continue;
      failed.store(true, std::memory_order_relaxed);
      const MutexLock lock(mutex);
      if (outcome) outcome = std::move(done);
    }
  };
  std::vector<Thread> helpers;
  const size_t threads = std::min(count, std::max<size_t>(threads_max, 1));
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back("varve-objects", run);
  run();
  helpers.clear();
  return outcome;
}

Result<std::string> get_in_parallel(ObjectStore& store, const std::string& name, uint64_t offset,
                                    uint64_t size_bytes, uint64_t piece_bytes,
                                    size_t threads_max) {
  const size_t pieces = static_cast<size_t>((size_bytes + piece_bytes - 1) / piece_bytes);
  if (pieces <= 1) return store.get(name, offset, size_bytes);
  std::vector<std::string> parts(pieces);
  TRY_VOID(run_in_parallel(pieces, threads_max, [&](size_t i) -> Result<void> {
    const uint64_t begin = i * piece_bytes;
    parts[i] = TRY(store.get(name, offset + begin, std::min(piece_bytes, size_bytes - begin)));
    return {};
  }));
  std::string whole;
  for (size_t i = 0; i < pieces; ++i) {
    whole += parts[i];
    // The object ends here.
    if (parts[i].size() < std::min(piece_bytes, size_bytes - i * piece_bytes)) break;
  }
  return whole;
}

}  // namespace varve
