// SPDX-License-Identifier: Apache-2.0
#include "model/scan_spec.h"

#include "base/bytes.h"

namespace varve {
namespace {

constexpr uint8_t kFormat = 1;

// Which optional parts follow.
enum Flag : uint8_t {
  kHasSeries = 1,
  kDescending = 2,
  kHasGroupBy = 4,
  kHasSeriesRowsLimit = 8,
  kHasKeyTags = 16
};
constexpr uint8_t kAllFlags = 31;

void encode_column(const ScanColumn& column, ByteWriter& out) {
  out.varint(raw(column.id));
  out.u8(static_cast<uint8_t>(column.type));
}

Result<ColumnId> decode_column_id(ByteReader& in) {
  const uint64_t id = in.varint();
  if (in.failed() || id > UINT32_MAX) {
    return fail(ErrorCode::kCorrupt, "scan has no valid column id");
  }
  return ColumnId{static_cast<uint32_t>(id)};
}

Result<ScanColumn> decode_column(ByteReader& in) {
  const ColumnId id = TRY(decode_column_id(in));
  const uint8_t type = in.u8();
  if (type == 0 || type > static_cast<uint8_t>(ValueType::kTimestamp)) {
    return fail(ErrorCode::kCorrupt, "scan has an unknown column type");
  }
  return ScanColumn{.id = id, .type = static_cast<ValueType>(type)};
}

void encode_group_by(const GroupBy& group_by, ByteWriter& out) {
  out.varint(group_by.tags.size());
  for (const ColumnId tag : group_by.tags) out.varint(raw(tag));
  out.signed_varint(group_by.window.every_ns);
  out.signed_varint(group_by.window.origin_ns);
  out.varint(group_by.aggregates.size());
  for (const Aggregate& aggregate : group_by.aggregates) {
    out.u8(static_cast<uint8_t>(aggregate.function));
    encode_column(aggregate.column, out);
  }
}

Result<GroupBy> decode_group_by(ByteReader& in) {
  GroupBy group_by;
  const uint64_t tag_count = in.varint();
  for (uint64_t i = 0; i < tag_count; ++i) {
    group_by.tags.push_back(TRY(decode_column_id(in)));
  }
  group_by.window.every_ns = in.signed_varint();
  group_by.window.origin_ns = in.signed_varint();
  const uint64_t aggregate_count = in.varint();
  for (uint64_t i = 0; i < aggregate_count; ++i) {
    const uint8_t function = in.u8();
    if (function == 0 || function > static_cast<uint8_t>(AggregateFunction::kLast)) {
      return fail(ErrorCode::kCorrupt, "scan has an unknown aggregate function");
    }
    group_by.aggregates.push_back({.function = static_cast<AggregateFunction>(function),
                                   .column = TRY(decode_column(in))});
  }
  return group_by;
}

std::string_view name_of(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kCount: return "count";
    case AggregateFunction::kSum: return "sum";
    case AggregateFunction::kMin: return "min";
    case AggregateFunction::kMax: return "max";
    case AggregateFunction::kFirst: return "first";
    case AggregateFunction::kLast: return "last";
  }
  return "?";
}

std::string name_of(ColumnId column) { return "c" + std::to_string(raw(column)); }

std::string list_of_columns(const ScanSpec& spec) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  if (spec.group_by) {
    for (const ColumnId tag : spec.group_by->tags) add(name_of(tag));
    for (const Aggregate& aggregate : spec.group_by->aggregates) {
      add(std::string(name_of(aggregate.function)) + "(" + name_of(aggregate.column.id) + ")");
    }
  } else {
    add("time");
  }
  for (const ScanColumn& column : spec.columns) add(name_of(column.id));
  return out;
}

}  // namespace

void encode_scan_spec(const ScanSpec& spec, std::string& out) {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.u8(static_cast<uint8_t>((spec.series ? kHasSeries : 0) |
                                 (spec.descending ? kDescending : 0) |
                                 (spec.group_by ? kHasGroupBy : 0) |
                                 (spec.series_rows_limit > 0 ? kHasSeriesRowsLimit : 0) |
                                 (spec.key_tags ? kHasKeyTags : 0)));
  writer.varint(raw(spec.table));
  writer.i64(spec.range.begin_ns);
  writer.i64(spec.range.end_ns);
  writer.varint(spec.columns.size());
  for (const ScanColumn& column : spec.columns) encode_column(column, writer);
  encode_predicate(spec.predicate, out);
  writer.u8(static_cast<uint8_t>(spec.order));
  writer.varint(spec.rows_limit);
  if (spec.series) {
    writer.varint(spec.series->size());
    for (const KeyHash& hash : *spec.series) {
      writer.u64(hash.high);
      writer.u64(hash.low);
    }
  }
  if (spec.group_by) encode_group_by(*spec.group_by, writer);
  if (spec.series_rows_limit > 0) writer.varint(spec.series_rows_limit);
  if (spec.key_tags) {
    writer.varint(spec.key_tags->size());
    for (const ColumnId tag : *spec.key_tags) writer.varint(raw(tag));
  }
}

Result<ScanSpec> decode_scan_spec(std::string_view bytes) {
  ByteReader in(bytes);
  const uint8_t format = in.u8();
  if (format != kFormat) {
    return fail(ErrorCode::kCorrupt, "scan has an unknown format " + std::to_string(format));
  }
  ScanSpec spec;
  const uint8_t flags = in.u8();
  if ((flags & ~kAllFlags) != 0) return fail(ErrorCode::kCorrupt, "scan has unknown parts");
  const uint64_t table = in.varint();
  if (table > UINT32_MAX) return fail(ErrorCode::kCorrupt, "scan has no valid table id");
  spec.table = TableId{static_cast<uint32_t>(table)};
  spec.range = {.begin_ns = in.i64(), .end_ns = in.i64()};
  const uint64_t column_count = in.varint();
  for (uint64_t i = 0; i < column_count; ++i) spec.columns.push_back(TRY(decode_column(in)));
  std::string_view rest = bytes.substr(in.failed() ? bytes.size() : in.offset());
  spec.predicate = TRY(decode_predicate(rest));
  ByteReader tail(rest);
  const uint8_t order = tail.u8();
  if (order != 1 && order != 2) return fail(ErrorCode::kCorrupt, "scan has an unknown order");
  spec.order = static_cast<ScanOrder>(order);
  spec.descending = (flags & kDescending) != 0;
  spec.rows_limit = tail.varint();
  if (flags & kHasSeries) {
    const uint64_t series_count = tail.varint();
    if (series_count > tail.remaining_bytes() / sizeof(KeyHash)) {
      return fail(ErrorCode::kCorrupt, "scan ends inside its series");
    }
    auto& series = spec.series.emplace();
    series.reserve(series_count);
    for (uint64_t i = 0; i < series_count; ++i) {
      const uint64_t high = tail.u64();
      series.push_back({.high = high, .low = tail.u64()});
    }
  }
  if (flags & kHasGroupBy) spec.group_by = TRY(decode_group_by(tail));
  if (flags & kHasSeriesRowsLimit) spec.series_rows_limit = tail.varint();
  if (flags & kHasKeyTags) {
    auto& tags = spec.key_tags.emplace();
    const uint64_t tag_count = tail.varint();
    for (uint64_t i = 0; i < tag_count; ++i) tags.push_back(TRY(decode_column_id(tail)));
  }
  if (tail.failed()) return fail(ErrorCode::kCorrupt, "scan ends too early");
  if (!tail.at_end()) return fail(ErrorCode::kCorrupt, "scan has bytes after its end");
  return spec;
}

std::string to_string(const ScanSpec& spec) {
  std::string out = "SELECT " + list_of_columns(spec) + " FROM t" + std::to_string(raw(spec.table));
  std::string where;
  const auto add = [&](const std::string& text) {
    where += (where.empty() ? " WHERE " : " AND ") + text;
  };
  if (spec.range.begin_ns > kTimeMin) add("time >= " + std::to_string(spec.range.begin_ns));
  if (spec.range.end_ns <= kTimeMax) add("time < " + std::to_string(spec.range.end_ns));
  if (spec.series) add("series IN (" + std::to_string(spec.series->size()) + " hashes)");
  if (spec.predicate.kind() == Predicate::Kind::kOr) {
    add("(" + spec.predicate.to_string() + ")");
  } else if (!spec.predicate.is_always_true()) {
    add(spec.predicate.to_string());
  }
  out += where;
  if (spec.group_by) {
    out += " GROUP BY ";
    for (const ColumnId tag : spec.group_by->tags) out += name_of(tag) + ", ";
    out += "window(" + std::to_string(spec.group_by->window.every_ns) + ", " +
           std::to_string(spec.group_by->window.origin_ns) + ")";
  }
  out += spec.order == ScanOrder::kTime ? " ORDER BY time" : " ORDER BY series, time";
  if (spec.descending) out += " DESC";
  if (spec.rows_limit > 0) out += " LIMIT " + std::to_string(spec.rows_limit);
  if (spec.series_rows_limit > 0) {
    out += " LIMIT " + std::to_string(spec.series_rows_limit) + " BY series";
  }
  return out;
}

}  // namespace varve
