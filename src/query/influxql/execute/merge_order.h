// SPDX-License-Identifier: Apache-2.0
// In which order InfluxDB gives rows of one time: that of the binary heap with which it merges
// series. Who compares answers byte by byte sees it, so it is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace varve::influxql {

class Interrupt;

/// True when row a goes before row b though their times are equal.
using TieLess = std::function<bool(size_t a, size_t b)>;

/// The rows in the order of the merge; some of them when it was interrupted. Row i belongs to
/// stream streams[i] < stream_count; the rows of a stream stand in order of time, rising or
/// falling.
/// Source: InfluxDB 1.8, query.floatSortedMergeIterator; Go, container/heap.
std::vector<size_t> merge_order(std::span<const int64_t> times_ns,
                                std::span<const uint32_t> streams, size_t stream_count,
                                bool is_ascending, const TieLess& tie_less,
                                Interrupt* interrupt = nullptr);

/// Numbers 0 … count - 1 sorted as Go's sort.Sort leaves them: equal ones are not in order, but
/// always in the same disorder, which shows where one of several equal points is chosen.
/// Source: Go 1.19, sort.Sort (pattern-defeating quicksort).
std::vector<size_t> unstable_order(size_t count,
                                   const std::function<bool(size_t, size_t)>& is_less);

}  // namespace varve::influxql
