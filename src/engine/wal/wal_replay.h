// SPDX-License-Identifier: Apache-2.0
// Reads the WAL segments of a folder after a start.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/wal/local_log.h"
#include "engine/wal/wal_format.h"
#include "io/file_system.h"

namespace varve::engine {

struct WalReplay {
  std::vector<OldSegment> segments;  ///< By rising generation.
  /// One sentence for each damaged part, with file and offset.
  std::vector<std::string> damage;
};

/// Called for each good record, in order of generation and offset, with the generation.
using WalVisitor = std::function<void(uint64_t generation, const WalRecord& record)>;

/// Visits every record. A torn tail is logged. Damaged bytes with good records behind them are
/// copied to `<segment>-<offset>.damaged`, logged and listed. Errors: kIo, and kUnsupported when a
/// segment has a newer format.
Result<WalReplay> replay_wal(FileSystem& files, const std::string& folder,
                             const WalVisitor& visit);

/// A record whose body is decoded, or why it cannot be.
struct DecodedRecord {
  uint64_t generation = 0;
  Lsn lsn{};
  uint64_t offset = 0;
  Result<std::vector<WriteBatch>> batches;
};
using DecodedVisitor = std::function<void(DecodedRecord record)>;

/// The same with decoded records. A thread of its own reads and decodes while the caller, whose
/// thread `visit` is called on, works on what was decoded before.
Result<WalReplay> replay_decoded_wal(FileSystem& files, const std::string& folder,
                                     const DecodedVisitor& visit);

}  // namespace varve::engine
