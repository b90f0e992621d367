// SPDX-License-Identifier: Apache-2.0
// InfluxDB's rules for retention policies, and where their segments lie. Pure.
// Source: InfluxDB 1.8, services/meta (normalisedShardDuration, Data.CreateRetentionPolicy,
// Data.UpdateRetentionPolicy, Data.CreateShardGroup).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/snapshot.h"
#include "model/time_range.h"

namespace varve {

inline constexpr std::string_view kDefaultPolicyName = "autogen";

/// Zero: by the table (default_segment_duration_ns); anything below an hour: an hour.
int64_t normalised_segment_duration_ns(int64_t segment_duration_ns, int64_t policy_duration_ns);

/// The policy that the spec asks for, without an id. An empty name means autogen.
Result<Policy> make_policy(const PolicySpec& spec);

/// The policy after the changes; name and segments stay.
Result<Policy> changed_policy(const Policy& policy, const PolicySpec& changes);

/// Whether creating the policy again with this spec would change nothing.
bool is_same_policy(const PolicySpec& spec, const Policy& policy);

/// The range of a new segment that holds the time: a multiple of the duration counted from the year
/// 1 (so that weeks start on Mondays), inside the times a row may have, cut against the existing
/// segments (sorted by begin). Requires that none of these holds the time.
TimeRange new_segment_range(const std::vector<Segment>& segments, int64_t segment_duration_ns,
                            int64_t time_ns);

}  // namespace varve
