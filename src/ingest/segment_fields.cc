// SPDX-License-Identifier: Apache-2.0
#include "ingest/segment_fields.h"

#include <utility>

#include "base/check.h"

namespace varve {
namespace {

uint64_t place(TableId table, SegmentId segment) {
  return static_cast<uint64_t>(raw(table)) << 32 | raw(segment);
}

constexpr ValueType kTypes[] = {ValueType::kFloat64, ValueType::kInt64,  ValueType::kUint64,
                                ValueType::kBool,    ValueType::kString, ValueType::kBytes,
                                ValueType::kTimestamp};

}  // namespace

SegmentFields::SegmentFields(const std::vector<ColumnId>& present) {
  for (const ColumnId column : present) {
    if (raw(column) >= columns_.size()) columns_.resize(raw(column) + 1);
    columns_[raw(column)] = true;
  }
}

std::optional<SegmentFields::Conflict> SegmentFields::claim(std::span<const Claim> claims) {
  const MutexLock lock(mutex_);
  for (size_t i = 0; i < claims.size(); ++i) {
    const auto existing = find_contradiction(*claims[i].variants, claims[i].type);
    if (existing) return Conflict{i, *existing};
  }
  for (const Claim& claim : claims) {
    const uint32_t column = raw(claim.variants->column(claim.type));
    CHECK(column != 0);
    if (column >= columns_.size()) columns_.resize(column + 1);
    columns_[column] = true;
  }
  return std::nullopt;
}

std::optional<ValueType> SegmentFields::contradiction(const TableFields::Variants& variants,
                                                      ValueType type) const {
  const MutexLock lock(mutex_);
  return find_contradiction(variants, type);
}

bool SegmentFields::has(ColumnId column) const {
  return column != ColumnId{} && raw(column) < columns_.size() && columns_[raw(column)];
}

std::optional<ValueType> SegmentFields::find_contradiction(
    const TableFields::Variants& variants, ValueType type) const {
  // Two types can stand side by side when two nodes wrote them: each may then go on.
  if (has(variants.column(type))) return std::nullopt;
  for (const ValueType other : kTypes) {
    if (has(variants.column(other))) return other;
  }
  return std::nullopt;
}

SegmentFieldsRef SegmentFieldsRegistry::find(TableId table, SegmentId segment) const {
  const MutexLock lock(mutex_);
  const auto found = by_place_.find(place(table, segment));
  return found == by_place_.end() ? nullptr : found->second;
}

SegmentFieldsRef SegmentFieldsRegistry::put(TableId table, SegmentId segment,
                                            SegmentFieldsRef fields) {
  const MutexLock lock(mutex_);
  return by_place_.try_emplace(place(table, segment), std::move(fields)).first->second;
}

size_t SegmentFieldsRegistry::size() const {
  const MutexLock lock(mutex_);
  return by_place_.size();
}

void SegmentFieldsRegistry::forget(TableId table) {
  const MutexLock lock(mutex_);
  std::erase_if(by_place_, [&](const auto& entry) { return entry.first >> 32 == raw(table); });
  generation_.fetch_add(1, std::memory_order_release);
}

void SegmentFieldsRegistry::keep_only(const std::unordered_set<uint32_t>& tables,
                                      const std::unordered_set<uint32_t>& segments) {
  const MutexLock lock(mutex_);
  std::erase_if(by_place_, [&](const auto& entry) {
    return !tables.contains(static_cast<uint32_t>(entry.first >> 32)) ||
           !segments.contains(static_cast<uint32_t>(entry.first));
  });
}

}  // namespace varve
