// SPDX-License-Identifier: Apache-2.0
// The bytes of one file on the simulated disk: as programs see them, and as the disk keeps them.
//
//   write, resize ──▶ [ current ] ──sync──▶ [ durable ]
//                     [ unsynced changes ]──lose_power──┘ each kept, dropped or torn
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/random.h"

namespace varve {

/// What a power failure does to all that was not synced. Drawn once a failure: with many changes
/// in flight, chance alone would never show that all or none of them arrived.
enum class PowerLossLuck : uint8_t { kKeepsNothing, kKeepsEverything, kMixed };

PowerLossLuck draw_luck(Random& random);

/// Threads: not by itself; the file system's lock stands around it.
class SimulatedBytes {
 public:
  /// What reads see.
  const std::string& current() const { return current_; }

  void write(uint64_t offset, std::string_view bytes);
  /// Cuts the file, or makes it longer with zeros.
  void resize(uint64_t size_bytes);
  /// All changes so far are durable.
  void sync();
  /// A sync that failed, as Linux does it: any part of the changes reached the disk, the rest never
  /// will by syncing again, and reads go on seeing all of it.
  void fail_sync(Random& random);
  /// Afterwards the current bytes are the durable ones.
  void lose_power(PowerLossLuck luck, Random& random);
  /// In every copy that has the byte. Requires offset < current().size() and bit < 8.
  void flip_bit(uint64_t offset, unsigned bit);

 private:
  struct Change {
    bool is_resize = false;
    uint64_t offset = 0;  ///< Of a resize: the new size.
    std::string bytes;    ///< Empty in a resize.
  };

  void settle(PowerLossLuck luck, Random& random);
  void settle_write(const Change& change, Random& random);

  std::string current_;
  std::string durable_;
  std::vector<Change> unsynced_;
};

}  // namespace varve
