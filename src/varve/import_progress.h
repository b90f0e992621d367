// SPDX-License-Identifier: Apache-2.0
// How far an import came: what FILE.progress holds, and what stands on the screen meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve {

/// Everything before it is written or was refused.
struct ImportPosition {
  uint64_t offset = 0;  ///< Bytes of the decompressed text.
  uint64_t lines = 0;
  uint64_t lines_refused = 0;

  friend bool operator==(const ImportPosition&, const ImportPosition&) = default;
};

/// "varve-import 1 offset=… lines=… refused=…\n"
std::string to_text(const ImportPosition& position);
/// kCorrupt when the text is something else.
Result<ImportPosition> parse_import_position(std::string_view text);

/// Batches end out of order; the position is what all before it have passed. Threads: one owner.
class ImportTracker {
 public:
  explicit ImportTracker(ImportPosition start) : position_(start) {}

  /// Batches begin in the order of the file.
  void begin(uint64_t offset_begin, uint64_t offset_end, uint64_t lines);
  void end(uint64_t offset_begin, uint64_t lines_refused);
  /// Whether of all that began only this batch has not ended.
  bool is_only(uint64_t offset_begin) const {
    return pending_.size() == 1 && pending_.begin()->first == offset_begin;
  }
  const ImportPosition& position() const { return position_; }

 private:
  struct Pending {
    uint64_t offset_end = 0;
    uint64_t lines = 0;
    std::optional<uint64_t> lines_refused;  // Once it has ended.
  };
  ImportPosition position_;
  std::map<uint64_t, Pending> pending_;
};

struct ImportFigures {
  uint64_t file_bytes = 0;
  uint64_t file_bytes_read = 0;
  uint64_t lines = 0;
  uint64_t lines_refused = 0;
  double seconds = 0;
};

/// " 42 %  [########            ]  1,234,567 rows  250,000/s  3 refused"
std::string progress_line(const ImportFigures& figures);
/// "1,234,567"
std::string grouped(uint64_t number);

}  // namespace varve
