// SPDX-License-Identifier: Apache-2.0
#include "catalog/snapshot.h"

#include <algorithm>
#include <functional>

namespace varve {
namespace {

// A million tables make buckets of 4,000: copying one stays below the price of a commit.
constexpr size_t kBucketCount = 256;

size_t bucket_index(std::string_view table_name) {
  return std::hash<std::string_view>{}(table_name) % kBucketCount;
}

}  // namespace

const Column* Table::tag(std::string_view column_name) const {
  for (const auto& entry : columns) {
    if (entry.kind == ColumnKind::kTag && entry.name == column_name) return &entry;
  }
  return nullptr;
}

const Column* Table::field(std::string_view column_name, ValueType type) const {
  for (const auto& entry : columns) {
    if (entry.kind == ColumnKind::kField && entry.type == type && entry.name == column_name) {
      return &entry;
    }
  }
  return nullptr;
}

std::vector<const Column*> Table::fields(std::string_view column_name) const {
  std::vector<const Column*> found;
  for (const auto& entry : columns) {
    if (entry.kind == ColumnKind::kField && entry.name == column_name) found.push_back(&entry);
  }
  return found;
}

const Column* Table::column(ColumnId column_id) const {
  const size_t number = raw(column_id);
  return number >= 1 && number <= columns.size() ? &columns[number - 1] : nullptr;
}

const Segment* Policy::segment_at(int64_t time_ns) const {
  const auto after = std::upper_bound(
      segments.begin(), segments.end(), time_ns,
      [](int64_t time, const Segment& segment) { return time < segment.range.begin_ns; });
  if (after == segments.begin()) return nullptr;
  const Segment& candidate = *std::prev(after);
  return candidate.range.contains(time_ns) ? &candidate : nullptr;
}

std::vector<Segment> Policy::expired_segments(int64_t now_ns) const {
  std::vector<Segment> expired;
  if (duration_ns == 0) return expired;
  for (const Segment& segment : segments) {
    int64_t expiry_ns = 0;
    // An end so far ahead that it overflows has not come.
    if (__builtin_add_overflow(segment.range.end_ns, duration_ns, &expiry_ns)) break;
    if (expiry_ns > now_ns) break;
    expired.push_back(segment);
  }
  return expired;
}

TableRef Policy::table(std::string_view table_name) const {
  if (buckets.empty()) return nullptr;
  const auto& bucket = buckets[bucket_index(table_name)];
  if (!bucket) return nullptr;
  const auto found = bucket->find(std::string(table_name));
  return found == bucket->end() ? nullptr : found->second;
}

std::vector<TableRef> Policy::tables() const {
  std::vector<TableRef> all;
  for (const auto& bucket : buckets) {
    if (!bucket) continue;
    for (const auto& [table_name, table] : *bucket) all.push_back(table);
  }
  std::sort(all.begin(), all.end(),
            [](const TableRef& a, const TableRef& b) { return a->name < b->name; });
  return all;
}

void Policy::put_table(TableRef table) {
  if (buckets.empty()) buckets.resize(kBucketCount);
  auto& bucket = buckets[bucket_index(table->name)];
  auto changed = bucket ? std::make_shared<Bucket>(*bucket) : std::make_shared<Bucket>();
  const std::string& table_name = table->name;
  changed->insert_or_assign(table_name, std::move(table));
  bucket = std::move(changed);
}

void Policy::remove_table(std::string_view table_name) {
  if (!this->table(table_name)) return;
  auto& bucket = buckets[bucket_index(table_name)];
  auto changed = std::make_shared<Bucket>(*bucket);
  changed->erase(std::string(table_name));
  bucket = std::move(changed);
}

void Policy::put_tables(Bucket tables) {
  buckets.clear();
  if (tables.empty()) return;
  std::vector<std::shared_ptr<Bucket>> filled(kBucketCount);
  for (auto& [table_name, table] : tables) {
    auto& bucket = filled[bucket_index(table_name)];
    if (!bucket) bucket = std::make_shared<Bucket>();
    bucket->emplace(table_name, std::move(table));
  }
  buckets.assign(filled.begin(), filled.end());
}

PolicyRef Database::policy(std::string_view policy_name) const {
  for (const auto& entry : policies) {
    if (entry->name == policy_name) return entry;
  }
  return nullptr;
}

UserRef CatalogSnapshot::user(std::string_view user_name) const {
  for (const UserRef& entry : users) {
    if (entry->name == user_name) return entry;
  }
  return nullptr;
}

PolicyRef CatalogSnapshot::policy_of(SegmentId segment_id) const {
  for (const auto& [name, database] : databases) {
    for (const PolicyRef& policy : database->policies) {
      for (const Segment& segment : policy->segments) {
        if (segment.id == segment_id) return policy;
      }
    }
  }
  return nullptr;
}

DatabaseRef CatalogSnapshot::database(std::string_view database_name) const {
  const auto found = databases.find(database_name);
  return found == databases.end() ? nullptr : found->second;
}

}  // namespace varve
