// SPDX-License-Identifier: Apache-2.0
// Points in MessagePack: rows, or columns of one table.
//
//   row      {measurement, tags: {k: "v"}?, fields: {name: value}, timestamp?}
//   columns  {measurement, tags: {k: "v" | ["v", …]}?, fields: {name: [value, …]}, timestamps?}
//            {measurement, tags?, field: "name", values: [number, …], timestamps?}: floats
//
// A body is one of these or an array of them. A value is nil (absent), a boolean, an integer, a
// float, a string, or says its type: {"Float": 1}, {"Integer": …}, {"UInteger": …}, {"String": …},
// {"Boolean": …}, around a whole column too. A column with a float in it is one of floats. Times
// are integers in the unit of the request, or MessagePack's own timestamps; none means now.
// Source: HyperbyteDB's two write formats.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "codec/time_precision.h"
#include "model/points.h"

namespace varve {

struct MsgpackPointsOptions {
  TimePrecision precision = TimePrecision::kNanosecond;  ///< The unit of the times in the body.
  int64_t now_ns = 0;  ///< The time of rows without one; cut to the precision.
  uint32_t chunk_points_max = 256;  ///< Requires > 0.
  /// A value that stands once for all rows is written out in each: a body of 2 MB could ask for a
  /// trillion cells. 2.5 million rows of usual tags repeat 150 MB.
  uint64_t repeated_bytes_max = uint64_t{256} << 20;
};

/// Owns the body, which is read once to find whether all of it is right: a wrong one is refused as
/// a whole, with the record, the row and what is wrong there. Errors: kInvalidInput; kTooLarge when
/// columns of few bytes stand for more than repeated_bytes_max in all rows together.
Result<std::unique_ptr<PointSource>> make_msgpack_source(std::string body,
                                                         const MsgpackPointsOptions& options);

}  // namespace varve
