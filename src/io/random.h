// SPDX-License-Identifier: Apache-2.0
// Randomness as an interface, so that a seed repeats a run.
#pragma once

#include <cstdint>
#include <mutex>

namespace varve {

/// Threads: safe anywhere.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next_u64() = 0;
};

/// From the operating system.
class SystemRandom final : public Random {
 public:
  uint64_t next_u64() override;
};

/// SplitMix64 from a seed.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next_u64() override;

 private:
  std::mutex mutex_;
  uint64_t state_;
};

}  // namespace varve
