// SPDX-License-Identifier: Apache-2.0
#include "catalog/policy_rules.h"

#include <algorithm>

#include "base/check.h"

namespace varve {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kHourNs = 3'600 * kSecondNs;
constexpr int64_t kDayNs = 24 * kHourNs;
// From 0001-01-01 to 1970-01-01, where Go's Time.Truncate counts from.
constexpr __int128 kYearOneToEpochNs = static_cast<__int128>(62'135'596'800) * kSecondNs;

Result<void> check_durations(int64_t duration_ns, int64_t segment_duration_ns) {
  if (duration_ns != 0 && duration_ns < kHourNs) {
    return fail(ErrorCode::kInvalidInput, "retention policy duration must be at least 1h0m0s");
  }
  if (duration_ns != 0 && duration_ns < segment_duration_ns) {
    return fail(ErrorCode::kInvalidInput,
                "retention policy duration must be greater than the shard duration");
  }
  return {};
}

Result<void> check_replica_count(uint32_t replica_count) {
  if (replica_count >= 1) return {};
  return fail(ErrorCode::kInvalidInput, "replication factor must be greater than 0");
}

}  // namespace

int64_t default_segment_duration_ns(int64_t policy_duration_ns) {
  if (policy_duration_ns >= 180 * kDayNs || policy_duration_ns == 0) return 7 * kDayNs;
  return policy_duration_ns >= 2 * kDayNs ? kDayNs : kHourNs;
}

int64_t normalised_segment_duration_ns(int64_t segment_duration_ns, int64_t policy_duration_ns) {
  if (segment_duration_ns == 0) return default_segment_duration_ns(policy_duration_ns);
  return std::max(segment_duration_ns, kHourNs);
}

Result<Policy> make_policy(const PolicySpec& spec) {
  Policy policy;
  policy.name = spec.name.empty() ? std::string(kDefaultPolicyName) : spec.name;
  policy.duration_ns = spec.duration_ns.value_or(0);
  policy.segment_duration_ns =
      normalised_segment_duration_ns(spec.segment_duration_ns.value_or(0), policy.duration_ns);
  policy.replica_count = spec.replica_count.value_or(1);
  TRY_VOID(check_durations(policy.duration_ns, policy.segment_duration_ns));
  TRY_VOID(check_replica_count(policy.replica_count));
  return policy;
}

Result<Policy> changed_policy(const Policy& policy, const PolicySpec& changes) {
  Policy changed = policy;
  changed.duration_ns = changes.duration_ns.value_or(policy.duration_ns);
  // A segment duration that is not said stays, whatever the new duration's default would be.
  if (changes.segment_duration_ns) {
    changed.segment_duration_ns =
        normalised_segment_duration_ns(*changes.segment_duration_ns, changed.duration_ns);
  }
  changed.replica_count = changes.replica_count.value_or(policy.replica_count);
  TRY_VOID(check_durations(changed.duration_ns, changed.segment_duration_ns));
  TRY_VOID(check_replica_count(changed.replica_count));
  return changed;
}

bool is_same_policy(const PolicySpec& spec, const Policy& policy) {
  if (!spec.name.empty() && spec.name != policy.name) return false;
  if (spec.duration_ns && *spec.duration_ns != policy.duration_ns) return false;
  if (spec.replica_count && *spec.replica_count != policy.replica_count) return false;
  return normalised_segment_duration_ns(spec.segment_duration_ns.value_or(0),
                                        policy.duration_ns) == policy.segment_duration_ns;
}

TimeRange new_segment_range(const std::vector<Segment>& segments, int64_t segment_duration_ns,
                            int64_t time_ns) {
  CHECK(segment_duration_ns > 0);
  CHECK(time_ns >= kTimeMin && time_ns <= kTimeMax);
  // Years 1677 to 2262 are all after year 1, so the division rounds down.
  const __int128 since_year_one = time_ns + kYearOneToEpochNs;
  const __int128 begin = since_year_one - since_year_one % segment_duration_ns - kYearOneToEpochNs;
  const __int128 end = begin + segment_duration_ns;
  TimeRange range;
  range.begin_ns = static_cast<int64_t>(std::max<__int128>(begin, kTimeMin));
  range.end_ns = static_cast<int64_t>(std::min<__int128>(end, static_cast<__int128>(kTimeMax) + 1));

  const auto next = std::upper_bound(
      segments.begin(), segments.end(), time_ns,
      [](int64_t time, const Segment& segment) { return time < segment.range.begin_ns; });
  if (next != segments.end()) range.end_ns = std::min(range.end_ns, next->range.begin_ns);
  if (next != segments.begin()) {
    range.begin_ns = std::max(range.begin_ns, std::prev(next)->range.end_ns);
  }
  CHECK(range.contains(time_ns));
  return range;
}

}  // namespace varve
