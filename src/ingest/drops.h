// SPDX-License-Identifier: Apache-2.0
// Counts the points of a request that are not stored and words why, as InfluxDB 1.13 does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/points.h"
#include "model/value.h"

namespace varve {

/// Threads: one owner.
class Drops {
 public:
  /// `oldest_ns`: points before it are beyond the policy, which keeps `policy_duration_ns`.
  void begin(int64_t policy_duration_ns, int64_t oldest_ns);

  void field_type_conflict(std::string_view table, std::string_view field, ValueType type,
                           ValueType existing);
  void tag_named_time(std::string_view table);
  /// Its only fields were named time.
  void no_valid_field(std::string_view table);
  void too_many_fields(std::string_view table, size_t field_count, size_t fields_max);
  void beyond_retention(const PointKey& key, int64_t time_ns);
  /// Of a point that is stored all the same.
  void time_field_stripped(std::string_view table);

  uint64_t point_count() const { return point_count_; }
  /// The first reason other than retention, else retention; empty when there is none. Tags named
  /// time come before all others: InfluxDB looks for them first.
  std::string reason() const;

 private:
  struct Expired {
    std::string key;
    int64_t time_ns = 0;
  };

  uint64_t point_count_ = 0;
  std::string reason_;
  bool has_tag_reason_ = false;
  int64_t policy_duration_ns_ = 0;
  int64_t oldest_ns_ = 0;
  uint64_t expired_count_ = 0;
  Expired oldest_expired_;
  Expired newest_expired_;
};

/// As Go prints a duration: "1h0m0s", "1.5s", "300ms".
std::string duration_text(int64_t duration_ns);
/// RFC 3339 in UTC with as many digits as it takes: "2020-01-01T00:00:00.5Z".
std::string time_text(int64_t time_ns);

}  // namespace varve
