// SPDX-License-Identifier: Apache-2.0
// The bytes of a WAL segment, as pure functions. docs/formats/wal.md describes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "model/write_batch.h"

namespace varve::engine {

inline constexpr size_t kWalSegmentHeaderBytes = 64;
inline constexpr size_t kWalRecordHeaderBytes = 32;

/// What makes a segment different from every other, also from those that used the same file before.
/// Both stand in the file's name, so that a damaged header loses nothing.
struct WalSegmentName {
  uint64_t generation = 0;
  /// Not known to senders, so that no row can contain a forged record.
  uint32_t salt = 0;

  std::string file_name() const;
  /// kInvalidInput when the file is none of ours.
  static Result<WalSegmentName> parse(std::string_view file_name);
};

std::string encode_wal_segment_header(const WalSegmentName& name);
/// kUnsupported when the header is whole and of a newer format; otherwise fine, also when damaged.
Result<void> check_wal_segment_header(std::string_view bytes);

/// Bytes of a record with its header and padding.
size_t wal_record_bytes(size_t body_bytes);
/// Writes wal_record_bytes(body.size()) bytes.
void write_wal_record(const WalSegmentName& name, Lsn lsn, std::string_view body, char* out);
void append_wal_record(const WalSegmentName& name, Lsn lsn, std::string_view body,
                       std::string& out);

struct WalRecord {
  Lsn lsn{};
  uint64_t offset = 0;
  std::string_view body;  ///< Views the bytes that were scanned.
};

/// Bytes [begin, end) that should have been records and are not.
struct WalDamage {
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct WalScan {
  std::vector<WalRecord> records;
  /// Each is followed by a good record: bytes went bad after they were written.
  std::vector<WalDamage> damage;
  /// The first byte after the last good record.
  uint64_t end = 0;
  /// A record begins at `end` that is not whole: the power went while it was written.
  bool torn = false;
};

/// Finds every good record of the segment. Never reads outside the bytes.
WalScan scan_wal_segment(std::string_view bytes, const WalSegmentName& name);

/// The body of a record: the parts of one request.
void encode_wal_body(const std::vector<WriteBatch>& batches, std::string& out);
Result<std::vector<WriteBatch>> decode_wal_body(std::string_view body);

}  // namespace varve::engine
