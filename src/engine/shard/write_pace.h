// SPDX-License-Identifier: Apache-2.0
// How long a writer rests when memtables fill faster than they are flushed: a sender that is slowed
// down in time does not have to be refused. Threads: pure.
#pragma once

#include <chrono>
#include <cstddef>

namespace varve::engine {

/// The rest after `grown_bytes` of rows, with memtables of `used_bytes` where a flush begins at
/// `bytes_max` and rows are refused beyond twice as much. None up to 1.25 times, then growing to
/// 100 ms for each MiB, so that at the end 10 MiB a second come in; never more than 100 ms.
std::chrono::nanoseconds rest_after(size_t grown_bytes, size_t used_bytes, size_t bytes_max);

}  // namespace varve::engine
