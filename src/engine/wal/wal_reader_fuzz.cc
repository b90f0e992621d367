// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a WAL segment, and as the body of a record.
#include <cstdint>

#include "engine/wal/wal_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace varve;
  using namespace varve::engine;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size_bytes);
  const WalSegmentName name{.generation = 3, .salt = 0xabcd};
  static_cast<void>(check_wal_segment_header(bytes));
  const WalScan scan = scan_wal_segment(bytes, name);
  for (const WalRecord& record : scan.records) static_cast<void>(decode_wal_body(record.body));
  static_cast<void>(decode_wal_body(bytes));
  // With right checksums around them the bytes reach the parser of bodies from a segment too.
  std::string segment = encode_wal_segment_header(name);
  append_wal_record(name, Lsn{1}, bytes, segment);
  if (scan_wal_segment(segment, name).records.size() != 1) __builtin_trap();
  return 0;
}
