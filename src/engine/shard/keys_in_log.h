// SPDX-License-Identifier: Apache-2.0
// Which series keys a generation of the log has. It gets each key in two records: then no single
// damaged one takes the keys that later records need. Two bits a series, forgotten when the
// generation changes.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/series_index/series_bits.h"
#include "model/ids.h"
#include "model/value.h"

namespace varve::engine {

class KeysInLog {
 public:
  bool is_twice_in(uint64_t generation, SeriesId id) const {
    return generation == generation_ && state(id) == kTwice;
  }
  /// Record `lsn` of the generation has the key, or needs it no more. Records come in order.
  void add(uint64_t generation, Lsn lsn, SeriesId id);

 private:
  static constexpr uint8_t kNever = 0;
  static constexpr uint8_t kOnce = 1;
  static constexpr uint8_t kTwice = 2;
  static constexpr uint8_t kHere = 3;  // In record lsn_ for the first time.

  uint8_t state(SeriesId id) const {
    const size_t place = static_cast<uint32_t>(id);
    if (place / 4 >= states_.size()) return kNever;
    return states_[place / 4] >> (place % 4 * 2) & 3;
  }
  void set_state(SeriesId id, uint8_t state);

  uint64_t generation_ = 0;
  Lsn lsn_{};
  std::vector<SeriesId> here_;  // Whose state is kHere.
  std::vector<uint8_t> states_;
};

}  // namespace varve::engine
