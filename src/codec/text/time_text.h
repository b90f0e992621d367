// SPDX-License-Identifier: Apache-2.0
// Times as RFC 3339: 2020-01-01T00:00:00.5Z, 2020-01-01T01:00:00+01:00. Zeros at the end of the
// fraction are cut, and a fraction of nothing is left out (Go's time.RFC3339Nano).
//
// Threads: one owner; it remembers the day that it wrote last.
#pragma once

#include <cstddef>
#include <cstdint>

namespace varve {

class TimeText {
 public:
  /// Room that write() needs, at most.
  static constexpr size_t kBytesMax = 48;

  /// Returns the end. The offset is in seconds east of UTC.
  char* write(char* out, int64_t utc_ns, int32_t offset_seconds = 0);

 private:
  void remember_day(int64_t day);

  int64_t day_ = INT64_MIN;
  char date_[16] = {};  // "2020-01-01T"
};

}  // namespace varve
