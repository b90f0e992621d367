// SPDX-License-Identifier: Apache-2.0
// Reads and copies whole files in bounded pieces, with their checksum.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace varve::engine {

/// Called with the bytes of each piece that was done; an error ends the work with it.
using OnBytes = std::function<Result<void>(uint64_t size_bytes)>;

struct FileFingerprint {
  uint64_t size_bytes = 0;
  uint32_t crc = 0;
  friend bool operator==(const FileFingerprint&, const FileFingerprint&) = default;
};

Result<FileFingerprint> fingerprint_of(FileSystem& files, const std::string& path,
                                       const OnBytes& on_bytes);

/// Copies to `to`, replacing what is there: through `to` + ".tmp" and a rename, so that a name
/// stands for a whole file. The bytes are synced; the folder is not.
Result<FileFingerprint> copy_file(FileSystem& files, const std::string& from, const std::string& to,
                                  const OnBytes& on_bytes);

/// Whether both have one size and the same bytes at their ends. Sorted files end with a footer that
/// holds the checksums of the rest, so two of them that agree there are the same.
Result<bool> have_same_end(FileSystem& files, const std::string& left, const std::string& right);

/// Removes the file; fine when there is none.
Result<void> remove_if_there(FileSystem& files, const std::string& path);

}  // namespace varve::engine
