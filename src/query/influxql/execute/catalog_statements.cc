// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/catalog_statements.h"

#include <string>
#include <vector>

#include "query/influxql/execute/databases.h"
#include "query/influxql/plan/time_literal.h"

namespace varve::influxql {
namespace {

std::string time_text(int64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  return Moment{.seconds = ns / kSecond - (ns % kSecond < 0 ? 1 : 0), .nanoseconds = 0}.to_string();
}

// When the last row of the segment is older than the policy keeps rows; never for an infinite one.
std::string expiry_text(const Policy& policy, const Segment& segment) {
  int64_t expiry_ns = 0;
  if (policy.duration_ns == 0 ||
      __builtin_add_overflow(segment.range.end_ns, policy.duration_ns, &expiry_ns)) {
    return {};
  }
  return time_text(expiry_ns);
}

}  // namespace

Result<void> execute(const ShowShardsStatement&, const Names& names, Answer& answer) {
  for (const DatabaseRef& database : databases_of(names)) {
    std::vector<std::vector<Value>> rows;
    for (const PolicyRef& policy : database->policies) {
      for (const Segment& segment : policy->segments) {
        const auto id = static_cast<int64_t>(raw(segment.id));
        rows.push_back({id, database->name, policy->name, id, time_text(segment.range.begin_ns),
                        time_text(segment.range.end_ns), expiry_text(*policy, segment),
                        std::string()});
      }
    }
    TRY_VOID(answer.series(database->name,
                           {"id", "database", "retention_policy", "shard_group", "start_time",
                            "end_time", "expiry_time", "owners"},
                           rows));
  }
  return {};
}

Result<void> execute(const ShowShardGroupsStatement&, const Names& names, Answer& answer) {
  std::vector<std::vector<Value>> rows;
  for (const DatabaseRef& database : databases_of(names)) {
    for (const PolicyRef& policy : database->policies) {
      for (const Segment& segment : policy->segments) {
        // Here, unlike in SHOW SHARDS, an infinite policy's segments expire at their end.
        const std::string expiry = policy->duration_ns == 0 ? time_text(segment.range.end_ns)
                                                            : expiry_text(*policy, segment);
        rows.push_back({static_cast<int64_t>(raw(segment.id)), database->name, policy->name,
                        time_text(segment.range.begin_ns), time_text(segment.range.end_ns),
                        expiry});
      }
    }
  }
  return answer.series(
      "shard groups",
      {"id", "database", "retention_policy", "start_time", "end_time", "expiry_time"}, rows);
}

}  // namespace varve::influxql
