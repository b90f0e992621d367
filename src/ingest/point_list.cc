// SPDX-License-Identifier: Apache-2.0
#include "ingest/point_list.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace varve {
namespace {

constexpr size_t kChunkPoints = 256;

}  // namespace

// A raw key is the table and the sorted tags, each with its length before it.
void PointList::add(std::string_view table, std::vector<Tag> tags, int64_t time_ns) {
  std::erase_if(tags, [](const Tag& tag) { return tag.second.empty(); });
  std::sort(tags.begin(), tags.end());
  std::string key;
  ByteWriter out(key);
  out.string(table);
  for (const auto& [name, text] : tags) {
    out.string(name);
    out.string(text);
  }
  Point& point = points_.emplace_back();
  point.raw_key = bytes_.add(key);
  point.line = point.raw_key;
  point.line_index = static_cast<uint32_t>(points_.size() - 1);
  point.fields_begin = static_cast<uint32_t>(fields_.size());
  point.fields_end = point.fields_begin;
  point.time_ns = time_ns;
}

void PointList::field(std::string_view name, double value) {
  begin_field(name, ValueType::kFloat64).f64 = value;
}
void PointList::field(std::string_view name, int64_t value) {
  begin_field(name, ValueType::kInt64).i64 = value;
}
void PointList::field(std::string_view name, uint64_t value) {
  begin_field(name, ValueType::kUint64).u64 = value;
}
void PointList::field(std::string_view name, bool value) {
  begin_field(name, ValueType::kBool).boolean = value;
}
void PointList::field(std::string_view name, std::string_view text) {
  begin_field(name, ValueType::kString).text = bytes_.add(text);
}

PointField& PointList::begin_field(std::string_view name, ValueType type) {
  CHECK(!points_.empty());
  PointField& field = fields_.emplace_back();
  field.name = bytes_.add(name);
  field.type = type;
  points_.back().fields_end = static_cast<uint32_t>(fields_.size());
  return field;
}

bool PointList::next(PointChunk& chunk) {
  chunk.points.clear();
  chunk.fields.clear();
  if (next_point_ == points_.size()) return false;
  const size_t end = std::min(points_.size(), next_point_ + kChunkPoints);
  const uint32_t fields_begin = points_[next_point_].fields_begin;
  for (; next_point_ < end; ++next_point_) {
    Point& point = chunk.points.emplace_back(points_[next_point_]);
    point.fields_begin -= fields_begin;
    point.fields_end -= fields_begin;
  }
  chunk.fields.assign(fields_.begin() + fields_begin,
                      fields_.begin() + points_[end - 1].fields_end);
  return true;
}

Result<PointKey> PointList::parse_key(std::string_view raw_key) {
  ByteReader in(raw_key);
  PointKey key;
  key.table = in.string();
  while (!in.at_end()) {
    const auto name = in.string();
    key.tags.emplace_back(name, in.string());
  }
  CHECK(!in.failed());
  return key;
}

void PointList::reject(const Point& point, const Error& error) {
  if (!errors_.empty()) errors_ += '\n';
  errors_ += "point " + std::to_string(point.line_index) + ": " + error.message;
}

size_t PointList::size_bytes() const {
  return bytes_.size_bytes() + points_.size() * sizeof(Point) + fields_.size() * sizeof(PointField);
}

void PointList::rewind() {
  next_point_ = 0;
  errors_.clear();
}

}  // namespace varve
