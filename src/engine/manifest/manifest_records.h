// SPDX-License-Identifier: Apache-2.0
// A manifest file as a row of records. Each edit stands in it twice, one behind the other, so that
// a flipped bit costs nothing. Bytes: docs/formats/manifest.md.
// Threads: pure. Never reads outside the bytes it is given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/manifest/manifest_state.h"

namespace varve::engine {

/// Adds the record of an edit and its copy to a manifest file.
void append_manifest_record(std::string_view edit, std::string& out);

/// Bytes [begin, end) that are no record although a good one follows.
struct ManifestDamage {
  uint64_t begin = 0;
  uint64_t end = 0;
  /// False: all that stood there has a good copy.
  bool is_loss = true;
};
/// "from byte 7 to 9; …", to be said of a file that is damaged.
std::string to_string(const ManifestDamage& damage);

struct ManifestScan {
  ManifestState state;
  std::vector<ManifestDamage> damage;
  /// The end of the last good record; less than the file's size when its tail is torn.
  uint64_t end = 0;
};

/// An edit, and where its first good record stands with its header.
struct ManifestRecord {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  DecodedEdit decoded;
};

/// Every edit that has a good record, in order and once. kUnsupported when one has a newer format.
Result<std::vector<ManifestRecord>> list_manifest_records(std::string_view bytes);

/// Applies every edit that has a good record; errors as above.
Result<ManifestScan> scan_manifest(std::string_view bytes);

}  // namespace varve::engine
