// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/bucket.h"

#include <string>

namespace varve::influx {

Result<IngestTarget> read_bucket(std::string_view bucket) {
  const std::string name = "bucket name \"" + std::string(bucket) + "\" is ";
  if (bucket.empty()) {
    return fail(ErrorCode::kNotFound,
                name + "missing a slash; not in \"database/retention-policy\" format");
  }
  const auto slash = bucket.find('/');
  if (slash == std::string_view::npos) return IngestTarget{.database = std::string(bucket)};
  if (slash == 0) {
    return fail(ErrorCode::kNotFound, name + "in db/rp form but has an empty database");
  }
  return IngestTarget{.database = std::string(bucket.substr(0, slash)),
                      .policy = std::string(bucket.substr(slash + 1))};
}

Result<TimePrecision> parse_bucket_precision(std::string_view text) {
  if (text.empty() || text == "ns") return TimePrecision::kNanosecond;
  if (text == "us") return TimePrecision::kMicrosecond;
  if (text == "ms") return TimePrecision::kMillisecond;
  if (text == "s") return TimePrecision::kSecond;
  return fail(ErrorCode::kInvalidInput,
              "invalid precision \"" + std::string(text) + "\" (use ns, us, ms or s)");
}

}  // namespace varve::influx
