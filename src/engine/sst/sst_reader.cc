// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_reader.h"

namespace varve::engine {

Result<std::optional<SstSeries>> SstReader::find(const KeyHash& hash) const {
  const auto block = directory().find(hash);
  if (!block) return std::nullopt;
  SstSeries series{.directory = TRY(read_directory(*block))};
  const auto index = series.directory->find(hash);
  if (!index) return std::nullopt;
  series.index = *index;
  return series;
}

Result<std::string> SstReader::read_page(uint32_t, int) const {
  return fail(ErrorCode::kUnsupported, path() + " has no pages");
}

Result<bool> SeriesCursor::next() {
  ++series_.index;
  while (!series_.directory || series_.index == series_.directory->series_count()) {
    if (block_next_ == reader_.directory().block_count()) return false;
    series_.directory = TRY(reader_.read_directory(block_next_++));
    series_.index = 0;
  }
  return true;
}

}  // namespace varve::engine
