// SPDX-License-Identifier: Apache-2.0
// Where a shard's records go before they are acknowledged.
// Threads: append(), sync() and rotate() belong to the shard's writer thread; release() and
// size_bytes() are safe anywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "model/ids.h"

namespace varve::engine {

class Log {
 public:
  virtual ~Log() = default;
  /// Changes whenever records begin to go to a new place, which must repeat every series key. 0:
  /// there is no place yet.
  virtual uint64_t generation() const = 0;
  /// True when so many bytes (each body with wal_record_bytes) fit in the current place.
  virtual bool fits(size_t size_bytes) const = 0;
  /// Begins a new place with room for so many bytes. After an error the old one is still current.
  virtual Result<void> rotate(size_t size_bytes) = 0;
  /// Adds records `lsn_first`, `lsn_first` + 1, …; requires fits(). When `sync` is set they are
  /// durable on return. After an error the place is abandoned (generation() is 0): the records may
  /// or may not come back after a restart, each as a whole, and their numbers must not be used
  /// again; what was durable before stays so.
  virtual Result<void> append(std::span<const std::string> bodies, Lsn lsn_first, bool sync) = 0;
  /// Makes every record durable. After an error the place is abandoned.
  virtual Result<void> sync() = 0;
  /// Records up to `lsn` are no longer needed.
  virtual void release(Lsn lsn) = 0;
  /// Records up to `lsn` are no longer needed and none will come soon: when these are all, gives
  /// the space back that is kept for more (generation() is 0 then).
  virtual void rest(Lsn lsn) = 0;
  /// Bytes of the records that are still needed, roughly.
  virtual uint64_t size_bytes() const = 0;
};

}  // namespace varve::engine
