// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/keys_in_log.h"

namespace varve::engine {

void KeysInLog::set_state(SeriesId id, uint8_t state) {
  const size_t place = static_cast<uint32_t>(id);
  if (place / 4 >= states_.size()) states_.resize(place / 4 + 1);
  const auto shift = place % 4 * 2;
  states_[place / 4] = static_cast<uint8_t>((states_[place / 4] & ~(3u << shift)) |
                                            unsigned{state} << shift);
}

void KeysInLog::add(uint64_t generation, Lsn lsn, SeriesId id) {
  if (generation != generation_) {
    generation_ = generation;
    states_.clear();
    here_.clear();
  }
  if (lsn != lsn_) {
    for (const SeriesId once : here_) set_state(once, kOnce);
    here_.clear();
    lsn_ = lsn;
  }
  const uint8_t known = state(id);
  if (known == kOnce) set_state(id, kTwice);
  if (known != kNever) return;
  set_state(id, kHere);
  here_.push_back(id);
}

}  // namespace varve::engine
