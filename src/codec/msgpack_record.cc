// SPDX-License-Identifier: Apache-2.0
#include "codec/msgpack_record.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace varve::msgpack {
namespace {

// Source: InfluxDB 1.x, models.MinNanoTime and MaxNanoTime.
constexpr int64_t kTimeMin = INT64_MIN + 2;
constexpr int64_t kTimeMax = INT64_MAX - 1;

tl::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

std::string quoted(std::string_view what, std::string_view name) {
  return std::string(what) + " '" + std::string(name) + "'";
}

std::optional<ValueType> type_named(std::string_view name) {
  if (name == "Float") return ValueType::kFloat64;
  if (name == "Integer") return ValueType::kInt64;
  if (name == "UInteger") return ValueType::kUint64;
  if (name == "String") return ValueType::kString;
  if (name == "Boolean") return ValueType::kBool;
  return std::nullopt;
}

/// Reads `{"Type": ` when it stands there: then what is next is the value or the array of values.
Result<std::optional<ValueType>> read_type(Reader& reader, std::string_view what,
                                           std::string_view name) {
  if (TRY(reader.peek()) != Kind::kMap) return std::optional<ValueType>();
  const auto head = TRY(reader.read());
  if (head.count == 1) {
    const auto type = type_named(TRY(reader.read(Kind::kString, "a type")).bytes);
    if (type) return type;
  }
  return wrong(quoted(what, name) +
               " is a map, but not {\"Float\" | \"Integer\" | \"UInteger\" | \"String\" | "
               "\"Boolean\": value}");
}

uint64_t big_endian(std::string_view bytes) {
  uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

/// Seconds and nanoseconds of MessagePack's timestamp in its three sizes.
/// Source: the MessagePack specification, timestamp extension type.
Result<int64_t> extension_time(const Value& value) {
  constexpr int8_t kTimestamp = -1;
  const auto bytes = value.bytes;
  int64_t seconds = 0;
  uint64_t ns = 0;
  if (value.extension == kTimestamp && bytes.size() == 4) {
    seconds = static_cast<int64_t>(big_endian(bytes));
  } else if (value.extension == kTimestamp && bytes.size() == 8) {
    const uint64_t both = big_endian(bytes);
    ns = both >> 34;
    seconds = static_cast<int64_t>(both & ((uint64_t{1} << 34) - 1));
  } else if (value.extension == kTimestamp && bytes.size() == 12) {
    ns = big_endian(bytes.substr(0, 4));
    seconds = static_cast<int64_t>(big_endian(bytes.substr(4)));
  } else {
    return wrong("a time is an extension of type " + std::to_string(value.extension) +
                 ", not an integer or a timestamp");
  }
  int64_t time_ns = 0;
  if (ns >= 1'000'000'000 || __builtin_mul_overflow(seconds, int64_t{1'000'000'000}, &time_ns) ||
      __builtin_add_overflow(time_ns, static_cast<int64_t>(ns), &time_ns)) {
    return wrong("a time is outside of what nanoseconds can count");
  }
  return time_ns;
}

Result<void> set_number(PointField& field, ValueType type, const Value& value) {
  const bool is_int = value.kind == Kind::kInt;
  if (!is_int && value.kind != Kind::kUint && value.kind != Kind::kFloat) {
    return wrong("is " + std::string(name_of(value.kind)) + ", not a number");
  }
  if (type == ValueType::kFloat64) {
    field.f64 = is_int                        ? static_cast<double>(value.i64)
                : value.kind == Kind::kUint   ? static_cast<double>(value.u64)
                                              : value.f64;
    if (!std::isfinite(field.f64)) return wrong("is not a finite number");
    return {};
  }
  if (value.kind == Kind::kFloat) return wrong("is a float, not an integer");
  if (type == ValueType::kUint64) {
    if (is_int && value.i64 < 0) return wrong("is negative, but unsigned");
    field.u64 = is_int ? static_cast<uint64_t>(value.i64) : value.u64;
    return {};
  }
  if (!is_int) return wrong("does not fit a signed integer of 64 bits");
  field.i64 = value.i64;
  return {};
}

Result<void> set_value(PointField& field, ValueType type, const Value& value) {
  field.type = type;
  if (type == ValueType::kBool) {
    if (value.kind != Kind::kBool) {
      return wrong("is " + std::string(name_of(value.kind)) + ", not a boolean");
    }
    field.boolean = value.boolean;
    return {};
  }
  if (type == ValueType::kString) {
    if (value.kind != Kind::kString) {
      return wrong("is " + std::string(name_of(value.kind)) + ", not a string");
    }
    field.text = value.bytes;
    return {};
  }
  return set_number(field, type, value);
}

Result<ValueType> own_type(const Value& value) {
  switch (value.kind) {
    case Kind::kBool: return ValueType::kBool;
    case Kind::kInt: return ValueType::kInt64;
    case Kind::kUint: return ValueType::kUint64;
    case Kind::kFloat: return ValueType::kFloat64;
    case Kind::kString: return ValueType::kString;
    default: return wrong("is " + std::string(name_of(value.kind)) + ", which no field can be");
  }
}

bool is_number(ValueType type) {
  return type == ValueType::kInt64 || type == ValueType::kUint64 || type == ValueType::kFloat64;
}

}  // namespace

Result<Record> Record::open(Reader& reader, const TimeRules& rules) {
  Record record;
  record.rules_ = rules;
  const Reader whole = reader;
  const Places places = TRY(record.find(reader));
  if (record.table_.empty()) return wrong("'measurement' is missing or empty");
  TRY_VOID(record.open_fields(whole, places));
  if (places.tags) TRY_VOID(record.open_tags(whole, *places.tags));
  if (places.times) TRY_VOID(record.open_times(whole, *places.times));
  if (places.has_time_column && !record.row_count_) return wrong("'timestamps' without columns");
  record.rows_left_ = record.row_count_.value_or(1);
  return record;
}

Result<Record::Places> Record::find(Reader& reader) {
  Places places;
  const auto head = TRY(reader.read(Kind::kMap, "a record"));
  for (uint32_t i = 0; i < head.count; ++i) {
    const auto key = TRY(reader.read(Kind::kString, "a key")).bytes;
    const size_t place = reader.position();
    if (key == "measurement") {
      table_ = TRY(reader.read(Kind::kString, "'measurement'")).bytes;
      continue;
    }
    if (key == "field") {
      places.field = TRY(reader.read(Kind::kString, "'field'")).bytes;
      continue;
    }
    TRY_VOID(reader.skip());
    if (key == "tags") {
      places.tags = place;
    } else if (key == "fields") {
      places.fields = place;
    } else if (key == "values") {
      places.values = place;
    } else if (key == "timestamp" || key == "timestamps") {
      places.times = place;
      places.has_time_column = key == "timestamps";
    } else {
      return wrong("unknown key '" + std::string(key) +
                   "'; known are measurement, tags, fields, timestamp, field, values, timestamps");
    }
  }
  return places;
}

Result<void> Record::open_fields(const Reader& reader, const Places& places) {
  if (places.values) {
    if (places.fields) return wrong("has both 'fields' and 'values'");
    if (!places.field || places.field->empty()) return wrong("'field' is missing or empty");
    Reader at = reader;
    at.seek(*places.values);
    if (TRY(at.peek()) != Kind::kArray) return wrong("'values' is not an array");
    fields_.push_back(TRY(open_column(at, *places.field, "field")));
    // These are floats whatever a client makes of 5.0.
    fields_.back().type = ValueType::kFloat64;
    return {};
  }
  if (!places.fields) return wrong("'fields' is missing");
  Reader at = reader;
  at.seek(*places.fields);
  const auto head = TRY(at.read(Kind::kMap, "'fields'"));
  if (head.count == 0) return wrong("'fields' is empty");
  for (uint32_t i = 0; i < head.count; ++i) {
    const auto name = TRY(at.read(Kind::kString, "the name of a field")).bytes;
    if (name.empty()) return wrong("the name of a field is empty");
    fields_.push_back(TRY(open_column(at, name, "field")));
  }
  return {};
}

Result<void> Record::open_tags(const Reader& reader, size_t place) {
  Reader at = reader;
  at.seek(place);
  if (TRY(at.peek()) == Kind::kNil) return {};
  const auto head = TRY(at.read(Kind::kMap, "'tags'"));
  for (uint32_t i = 0; i < head.count; ++i) {
    const auto name = TRY(at.read(Kind::kString, "the name of a tag")).bytes;
    if (name.empty()) return wrong("the name of a tag is empty");
    tags_.push_back(TRY(open_column(at, name, "tag")));
    if (tags_.back().type.value_or(ValueType::kString) != ValueType::kString) {
      return wrong(quoted("tag", name) + " is no string");
    }
    has_fixed_key_ = has_fixed_key_ && tags_.back().is_fixed;
  }
  const auto by_name = [](const Column& a, const Column& b) { return a.name < b.name; };
  std::sort(tags_.begin(), tags_.end(), by_name);
  const auto twice = std::adjacent_find(
      tags_.begin(), tags_.end(),
      [](const Column& a, const Column& b) { return a.name == b.name; });
  if (twice != tags_.end()) return wrong(quoted("tag", twice->name) + " occurs twice");
  return {};
}

Result<void> Record::open_times(const Reader& reader, size_t place) {
  Reader at = reader;
  at.seek(place);
  if (TRY(at.peek()) == Kind::kNil) return {};
  times_ = TRY(open_column(at, "timestamps", "column"));
  return {};
}

Result<Record::Column> Record::open_column(Reader& reader, std::string_view name,
                                           std::string_view what) {
  Column column{.name = name, .values = reader, .type = TRY(read_type(reader, what, name))};
  column.is_fixed = TRY(reader.peek()) != Kind::kArray;
  column.values = reader;
  if (column.is_fixed) {
    const size_t begin = reader.position();
    TRY_VOID(reader.skip());
    column.fixed_bytes = reader.position() - begin;
    return column;
  }
  const auto head = TRY(reader.read());
  TRY_VOID(set_row_count(head.count, what, name));
  column.values = reader;
  for (uint32_t row = 0; row < head.count; ++row) {
    column.has_floats = column.has_floats || TRY(reader.peek()) == Kind::kFloat;
    TRY_VOID(reader.skip());
  }
  return column;
}

Result<void> Record::set_row_count(uint64_t count, std::string_view what, std::string_view name) {
  if (row_count_.value_or(count) != count) {
    return wrong(quoted(what, name) + " has " + std::to_string(count) +
                 " values where columns before it have " + std::to_string(*row_count_));
  }
  row_count_ = count;
  return {};
}

uint64_t Record::repeated_bytes() const {
  // A value costs more than its bytes: reading it, and a cell of a batch that the log, a memtable
  // and a file take. So counted, a body has four million cells that it does not hold, as many as
  // there are in 25 MiB of line protocol.
  constexpr uint64_t kCellBytes = 64;
  constexpr uint64_t kTagBytes = 16;
  constexpr uint64_t kReadBytes = 4;
  const uint64_t rows = row_count_.value_or(1);
  if (rows <= 1) return 0;
  uint64_t bytes = has_fixed_key_ ? kReadBytes * tags_.size() : table_.size();
  if (!has_fixed_key_) {
    for (const Column& tag : tags_) bytes += kTagBytes + tag.name.size() + tag.fixed_bytes;
  }
  for (const Column& field : fields_) {
    if (field.is_fixed) bytes += kCellBytes + field.fixed_bytes;
  }
  uint64_t repeated = 0;
  return __builtin_mul_overflow(rows, bytes, &repeated) ? UINT64_MAX : repeated;
}

Result<void> Record::next(Row& row, std::vector<PointField>& fields) {
  --rows_left_;
  row.time_ns = TRY(next_time());
  row.tags.clear();
  for (Column& column : tags_) {
    Reader fixed = column.values;
    Reader& values = column.is_fixed ? fixed : column.values;
    const auto value = TRY(values.read());
    if (value.kind == Kind::kNil) continue;
    if (value.kind != Kind::kString) {
      return wrong(quoted("tag", column.name) + " is " + std::string(name_of(value.kind)) +
                   ", not a string");
    }
    if (!value.bytes.empty()) row.tags.emplace_back(column.name, value.bytes);
  }
  for (Column& column : fields_) TRY_VOID(next_field(column, fields));
  return {};
}

Result<int64_t> Record::next_time() {
  if (!times_) return rules_.default_ns;
  Reader fixed = times_->values;
  const auto value = TRY((times_->is_fixed ? fixed : times_->values).read());
  if (value.kind == Kind::kNil) return rules_.default_ns;
  int64_t time_ns = 0;
  if (value.kind == Kind::kExtension) {
    time_ns = TRY(extension_time(value));
  } else if (value.kind != Kind::kInt) {
    return wrong("a time is " + std::string(name_of(value.kind)) + ", not an integer");
  } else if (__builtin_mul_overflow(value.i64, rules_.unit_ns, &time_ns)) {
    time_ns = value.i64 < 0 ? INT64_MIN : INT64_MAX;
  }
  if (time_ns >= kTimeMin && time_ns <= kTimeMax) return time_ns;
  return wrong("time outside range " + std::to_string(kTimeMin) + " - " +
               std::to_string(kTimeMax));
}

Result<void> Record::next_field(Column& column, std::vector<PointField>& fields) {
  Reader fixed = column.values;
  Reader& values = column.is_fixed ? fixed : column.values;
  auto type = column.type;
  if (!type) type = TRY(read_type(values, "field", column.name));
  const auto value = TRY(values.read());
  if (value.kind == Kind::kNil) return {};
  const auto set = [&]() -> Result<void> {
    if (!type) {
      type = TRY(own_type(value));
      if (column.has_floats && is_number(*type)) type = ValueType::kFloat64;
    }
    PointField& field = fields.emplace_back();
    field.name = column.name;
    return set_value(field, *type, value);
  };
  const auto done = set();
  if (!done) return wrong(quoted("field", column.name) + " " + done.error().message);
  return {};
}

}  // namespace varve::msgpack
