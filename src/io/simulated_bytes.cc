// SPDX-License-Identifier: Apache-2.0
#include "io/simulated_bytes.h"

#include <algorithm>

#include "base/check.h"

namespace varve {
namespace {

constexpr uint64_t kSectorBytes = 512;  // What a disk writes whole or not at all.

void write_into(std::string& target, uint64_t offset, std::string_view bytes) {
  const uint64_t end = offset + bytes.size();
  if (target.size() < end) target.resize(end, '\0');
  target.replace(offset, bytes.size(), bytes);
}

bool coin(Random& random) { return (random.next_u64() & 1) != 0; }

}  // namespace

PowerLossLuck draw_luck(Random& random) {
  switch (random.next_u64() % 4) {
    case 0: return PowerLossLuck::kKeepsNothing;
    case 1: return PowerLossLuck::kKeepsEverything;
    default: return PowerLossLuck::kMixed;
  }
}

void SimulatedBytes::write(uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  write_into(current_, offset, bytes);
  unsynced_.push_back({.is_resize = false, .offset = offset, .bytes = std::string(bytes)});
}

void SimulatedBytes::resize(uint64_t size_bytes) {
  current_.resize(size_bytes, '\0');
  unsynced_.push_back({.is_resize = true, .offset = size_bytes, .bytes = {}});
}

void SimulatedBytes::sync() {
  // Change by change rather than a copy of the file: a log is synced after every few bytes.
  for (const Change& change : unsynced_) {
    if (change.is_resize) {
      durable_.resize(change.offset, '\0');
    } else {
      write_into(durable_, change.offset, change.bytes);
    }
  }
  unsynced_.clear();
}

void SimulatedBytes::fail_sync(Random& random) { settle(draw_luck(random), random); }

void SimulatedBytes::lose_power(PowerLossLuck luck, Random& random) {
  settle(luck, random);
  current_ = durable_;
}

void SimulatedBytes::flip_bit(uint64_t offset, unsigned bit) {
  CHECK(offset < current_.size());
  CHECK(bit < 8);
  const auto flip = [bit](char& byte) {
    byte = static_cast<char>(static_cast<uint8_t>(byte) ^ (1U << bit));
  };
  flip(current_[offset]);
  if (offset < durable_.size()) flip(durable_[offset]);
  for (Change& change : unsynced_) {
    const bool holds = offset >= change.offset && offset - change.offset < change.bytes.size();
    if (holds) flip(change.bytes[offset - change.offset]);
  }
}

void SimulatedBytes::settle(PowerLossLuck luck, Random& random) {
  if (luck == PowerLossLuck::kKeepsEverything) sync();
  if (luck == PowerLossLuck::kMixed) {
    // Sizes are metadata, which a file system journals in order: after one that is lost, no later
    // one is kept.
    bool sizes_arrive = true;
    for (const Change& change : unsynced_) {
      if (!change.is_resize) {
        settle_write(change, random);
      } else if (sizes_arrive && (sizes_arrive = coin(random))) {
        durable_.resize(change.offset, '\0');
      }
    }
  }
  unsynced_.clear();
}

void SimulatedBytes::settle_write(const Change& change, Random& random) {
  enum : uint64_t { kKept, kDropped, kTorn, kFates };
  const uint64_t fate = random.next_u64() % kFates;
  const std::string_view bytes = change.bytes;
  if (fate == kKept) write_into(durable_, change.offset, bytes);
  if (fate == kTorn) {
    for (uint64_t begin = 0; begin < bytes.size();) {
      const uint64_t to_next_sector = kSectorBytes - (change.offset + begin) % kSectorBytes;
      const std::string_view sector = bytes.substr(begin, to_next_sector);
      if (coin(random)) write_into(durable_, change.offset + begin, sector);
      begin += sector.size();
    }
  }
  // The longer size may arrive without the bytes: what is missing then reads as zeros.
  if (fate != kKept && coin(random)) {
    durable_.resize(std::max<uint64_t>(durable_.size(), change.offset + bytes.size()), '\0');
  }
}

}  // namespace varve
