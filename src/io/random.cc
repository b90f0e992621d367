// SPDX-License-Identifier: Apache-2.0
#include "io/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace varve {

uint64_t SystemRandom::next_u64() {
  uint64_t drawn = 0;
  // Up to 256 bytes come whole and without interruption. Source: getrandom(2).
  CHECK(getrandom(&drawn, sizeof drawn, 0) == sizeof drawn);
  return drawn;
}

// Source: Sebastiano Vigna, "splitmix64.c", public domain.
uint64_t SeededRandom::next_u64() {
  uint64_t mixed;
  {
    const std::lock_guard lock(mutex_);
    state_ += 0x9e3779b97f4a7c15;
    mixed = state_;
  }
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace varve
