// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/live_series.h"

namespace varve::engine {

SeriesBits live_series(const TagFilter& filter, std::span<const SegmentView* const> segments) {
  SeriesBits series;
  SeriesBits::Words matched;
  SeriesBits::Words live;
  for (size_t part = 0; part < filter.part_count(); ++part) {
    if (!filter.match_part(part, matched)) continue;
    live.fill(0);
    for (const SegmentView* segment : segments) segment->series->add_part_to(part, live);
    uint64_t any = 0;
    for (size_t i = 0; i < live.size(); ++i) {
      live[i] &= matched[i];
      any |= live[i];
    }
    if (any != 0) series.part_to_write(part) = live;
  }
  return series;
}

}  // namespace varve::engine
