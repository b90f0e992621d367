// SPDX-License-Identifier: Apache-2.0
// Which series a question is about: those that a filter leaves and that live in some segment.
// Threads: safe anywhere.
#pragma once

#include <span>

#include "engine/predicate/tag_filter.h"
#include "engine/series_index/series_bits.h"
#include "engine/shard/table.h"

namespace varve::engine {

/// Segments are asked only about parts of the index where the filter leaves something.
SeriesBits live_series(const TagFilter& filter, std::span<const SegmentView* const> segments);

}  // namespace varve::engine
