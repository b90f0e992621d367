// SPDX-License-Identifier: Apache-2.0
// Time as an interface, so that tests own it.
#pragma once

#include <atomic>
#include <cstdint>

namespace varve {

/// Threads: safe anywhere.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Nanoseconds since 1970-01-01 UTC. May step back.
  virtual int64_t now_ns() const = 0;
  /// Nanoseconds since some point. Never steps back.
  virtual int64_t steady_ns() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t now_ns() const override;
  int64_t steady_ns() const override;
  /// The one clock of the process.
  static const SystemClock& instance();
};

/// Stands still until told.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(int64_t now_ns) : now_ns_(now_ns) {}
  int64_t now_ns() const override { return now_ns_.load(); }
  int64_t steady_ns() const override { return steady_ns_.load(); }
  /// Moves both clocks.
  void advance_ns(int64_t delta_ns) {
    now_ns_ += delta_ns;
    steady_ns_ += delta_ns;
  }
  /// Sets the wall clock alone, back too, as an operator could.
  void set_now_ns(int64_t now_ns) { now_ns_ = now_ns; }

 private:
  std::atomic<int64_t> now_ns_;
  std::atomic<int64_t> steady_ns_{0};
};

}  // namespace varve
