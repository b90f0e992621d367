// SPDX-License-Identifier: Apache-2.0
#include "io/clock.h"

#include <chrono>

namespace varve {
namespace {

int64_t ns_of(auto time_point) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time_point.time_since_epoch())
      .count();
}

}  // namespace

int64_t SystemClock::now_ns() const { return ns_of(std::chrono::system_clock::now()); }

int64_t SystemClock::steady_ns() const { return ns_of(std::chrono::steady_clock::now()); }

const SystemClock& SystemClock::instance() {
  static const SystemClock clock;
  return clock;
}

}  // namespace varve
