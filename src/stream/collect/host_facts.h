// SPDX-License-Identifier: Apache-2.0
// This machine as the collector sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve::collect {

/// Of a mounted file system.
struct SpaceFigures {
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;       ///< With what only the administrator may use.
  uint64_t available_bytes = 0;  ///< Without it.
  uint64_t inodes_total = 0;
  uint64_t inodes_free = 0;
};

/// Threads: one at a time.
class HostFacts {
 public:
  virtual ~HostFacts() = default;
  /// A whole text, for example "/proc/stat".
  virtual Result<std::string> read(const std::string& path) = 0;
  virtual Result<SpaceFigures> space(const std::string& mount_path) = 0;
};

/// Asks Linux. Both calls may block for as long as the kernel does.
class LinuxHostFacts final : public HostFacts {
 public:
  Result<std::string> read(const std::string& path) override;
  Result<SpaceFigures> space(const std::string& mount_path) override;
};

/// The name of this machine, "localhost" when it has none.
std::string machine_name();

}  // namespace varve::collect
