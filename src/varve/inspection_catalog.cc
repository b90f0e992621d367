// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "catalog/catalog.h"
#include "catalog/sqlite_key_value.h"
#include "varve/byte_text.h"
#include "varve/inspection.h"

namespace varve {
namespace {

constexpr CatalogLimits kNoLimits{.columns_per_table_max = SIZE_MAX,
                                  .tables_per_policy_max = SIZE_MAX};
constexpr int64_t kSecondNs = 1'000'000'000;

std::string duration_text(int64_t duration_ns) {
  return duration_ns == 0 ? "for ever" : std::to_string(duration_ns / kSecondNs) + "s";
}

void add_policy(const Database& database, const Policy& policy, Inspection& out) {
  out["policies"].push_back({{"database", database.name},
                             {"policy", policy.name},
                             {"id", raw(policy.id)},
                             {"default", policy.name == database.default_policy},
                             {"keeps", duration_text(policy.duration_ns)},
                             {"segment", duration_text(policy.segment_duration_ns)},
                             {"tables", policy.tables().size()},
                             {"segments", policy.segments.size()}});
  for (const auto& table : policy.tables()) {
    size_t tags = 0;
    for (const Column& column : table->columns) tags += column.kind == ColumnKind::kTag ? 1 : 0;
    out["tables"].push_back({{"database", database.name},
                             {"policy", policy.name},
                             {"table", table->name},
                             {"id", raw(table->id)},
                             {"tags", tags},
                             {"fields", table->columns.size() - tags}});
  }
  for (const Segment& segment : policy.segments) {
    out["segments"].push_back({{"database", database.name},
                               {"policy", policy.name},
                               {"id", raw(segment.id)},
                               {"begin", utc_text(segment.range.begin_ns)},
                               {"end", utc_text(segment.range.end_ns)}});
  }
}

}  // namespace

Result<Inspection> inspect_catalog(const std::string& path) {
  auto key_value = TRY(open_sqlite_key_value_to_read(path));
  Inspection damage = Inspection::array();
  const auto note = [&](const std::string& what) {
    damage.push_back({{"offset", nullptr}, {"end", nullptr}, {"what", what}});
  };
  const auto complaints = key_value->check();
  if (!complaints) note(complaints.error().message);
  if (complaints) {
    for (const std::string& complaint : *complaints) note(complaint);
  }
  Inspection out = {{"file", path}, {"kind", "catalog"}};
  const auto catalog = open_catalog(std::move(key_value), kNoLimits);
  if (!catalog) {
    if (damage.empty()) note(catalog.error().message);
    out["damage"] = std::move(damage);
    return out;
  }
  const auto picture = (*catalog)->snapshot();
  out["databases"] = picture->databases.size();
  out["damage"] = std::move(damage);
  for (const char* list : {"policies", "tables", "segments"}) out[list] = Inspection::array();
  for (const auto& [name, database] : picture->databases) {
    for (const auto& policy : database->policies) add_policy(*database, *policy, out);
  }
  return out;
}

}  // namespace varve
