// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/time_zone.h"

#include <date/tz.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace varve::influxql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t floor_seconds(int64_t ns) { return ns / kSecond - (ns % kSecond < 0 ? 1 : 0); }

class Zone final : public TimeZone {
 public:
  explicit Zone(const date::time_zone* zone) : zone_(zone) {}

  int32_t offset_seconds(int64_t utc_ns) const override {
    const int64_t seconds = floor_seconds(utc_ns);
    // Neighbouring rows nearly always fall between the same two clock changes.
    thread_local struct {
      const Zone* zone = nullptr;
      int64_t begin = 0;
      int64_t end = 0;
      int32_t offset = 0;
    } last;
    if (last.zone != this || seconds < last.begin || seconds >= last.end) {
      const auto info = zone_->get_info(date::sys_seconds(std::chrono::seconds(seconds)));
      last = {this, info.begin.time_since_epoch().count(), info.end.time_since_epoch().count(),
              static_cast<int32_t>(info.offset.count())};
    }
    return last.offset;
  }

 private:
  const date::time_zone* zone_;
};

}  // namespace

const TimeZone* find_time_zone(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Zone>, std::less<>> zones;
  const std::scoped_lock lock(mutex);
  if (const auto known = zones.find(name); known != zones.end()) return known->second.get();
  try {
    const date::time_zone* zone =
        name == "Local" ? date::current_zone() : date::locate_zone(std::string(name));
    return zones.emplace(name, std::make_unique<Zone>(zone)).first->second.get();
  } catch (const std::exception&) {
    return nullptr;
  }
}

int64_t wall_to_utc_seconds(const TimeZone* zone, int64_t wall_seconds) {
  if (zone == nullptr) return wall_seconds;
  // The offset at the wall time read as UTC is nearly right; where it is not, the offset at the
  // moment that it gives is.
  const auto offset_at = [&](int64_t seconds) {
    int64_t ns = 0;
    if (__builtin_mul_overflow(seconds, kSecond, &ns)) ns = seconds < 0 ? INT64_MIN : INT64_MAX;
    return int64_t{zone->offset_seconds(ns)};
  };
  const int64_t offset = offset_at(wall_seconds);
  return wall_seconds - offset_at(wall_seconds - offset);
}

}  // namespace varve::influxql
