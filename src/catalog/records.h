// SPDX-License-Identifier: Apache-2.0
// The stored form of the catalog: a key names what it is, a value is a format digit and JSON.
// docs/formats/catalog.md describes the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "model/ids.h"

namespace varve {

inline constexpr std::string_view kDatabasePrefix = "db/";
inline constexpr std::string_view kPolicyPrefix = "policy/";
inline constexpr std::string_view kTablePrefix = "table/";
inline constexpr std::string_view kSegmentPrefix = "segment/";
inline constexpr std::string_view kNextPrefix = "next/";

/// A policy as stored: it names its database; tables and segments have keys of their own.
struct PolicyRecord {
  DatabaseId database{};
  Policy policy;
};
struct TableRecord {
  PolicyId policy{};
  Table table;
};
struct SegmentRecord {
  PolicyId policy{};
  Segment segment;
};

std::string database_key(DatabaseId id);
std::string policy_key(PolicyId id);
std::string table_key(PolicyId policy, TableId id);
std::string segment_key(PolicyId policy, SegmentId id);

std::string encode_database(const Database& database);
std::string encode_policy(DatabaseId database, const Policy& policy);
std::string encode_table(const Table& table);
std::string encode_segment(const Segment& segment);
std::string encode_counter(uint32_t next);

/// kCorrupt, naming the key, when key or value make no sense. Unknown JSON members are ignored;
/// an unknown format digit is kUnsupported.
Result<Database> decode_database(std::string_view key, std::string_view value);
Result<PolicyRecord> decode_policy(std::string_view key, std::string_view value);
Result<TableRecord> decode_table(std::string_view key, std::string_view value);
Result<SegmentRecord> decode_segment(std::string_view key, std::string_view value);
Result<uint32_t> decode_counter(std::string_view key, std::string_view value);

}  // namespace varve
