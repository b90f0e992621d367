// SPDX-License-Identifier: Apache-2.0
#include "varve/byte_text.h"

#include <array>
#include <cstdio>

#include "codec/text/time_text.h"

namespace varve {

std::string byte_text(uint64_t size_bytes) {
  if (size_bytes < 1024) return std::to_string(size_bytes) + " bytes";
  constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = static_cast<double>(size_bytes) / 1024;
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", size, kUnits[unit]);
  return text;
}

std::string utc_text(int64_t time_ns) {
  char text[TimeText::kBytesMax];
  return {text, TimeText().write(text, time_ns)};
}

}  // namespace varve
