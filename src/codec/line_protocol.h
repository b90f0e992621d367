// SPDX-License-Identifier: Apache-2.0
// InfluxDB's line protocol as a PointSource.
//
//   cpu,host=a,region=eu usage=1.5,cores=8i 1577836800000000000
//   └─── raw key ──────┘ └──── fields ────┘ └───── time ──────┘
//
// Plain lines are read by vector compares and never tokenise the tags; any other line is read by
// the complete grammar (line/grammar.h). Both give the same answer.
// Source: InfluxDB 1.x, models.ParsePointsWithPrecision; error texts are its newest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "codec/time_precision.h"
#include "model/points.h"

namespace varve {

struct LineProtocolOptions {
  TimePrecision precision = TimePrecision::kNanosecond;  ///< The unit of the times in the body.
  int64_t now_ns = 0;  ///< The time of lines without one; cut to the precision.
  /// Points in one chunk: small enough for the cache. Requires > 0.
  uint32_t chunk_points_max = 256;
  /// A line with more fields is refused.
  uint32_t line_fields_max = 1'000'000;
  /// Of all error texts together; what is beyond is only counted.
  uint32_t error_bytes_max = 64 * 1024;
};

/// A body with this much spare capacity is taken over without a copy.
inline constexpr size_t kLineProtocolPaddingBytes = 64;

/// Owns the body. parse_key() takes any key that next() gave out, also from another source.
/// A field that occurs twice in a line comes out twice: the later one wins. PointChunk::fields may
/// be longer than what the points use. `done` takes the body when the source ends; null: nobody.
std::unique_ptr<PointSource> make_line_protocol_source(std::string body,
                                                       const LineProtocolOptions& options,
                                                       std::function<void(std::string)> done = {});

}  // namespace varve
