// SPDX-License-Identifier: Apache-2.0
#include "ingest/table_cache.h"

namespace varve {

void TableCache::update(TableRef table, uint64_t version) {
  // Requests overtake each other: an older picture takes no column away.
  if (!table_ || table->columns.size() >= table_->columns.size()) table_ = std::move(table);
  version_ = version;
  fields_.extend(*table_);
  segments_.clear();
  segment_index_.clear();
  segment_last_ = 0;
}

const FieldShape& TableCache::learn_shape(FieldShape shape) {
  shape_last_ = shape_oldest_;
  shape_oldest_ = (shape_oldest_ + 1) % shapes_.size();
  shapes_[shape_last_] = std::move(shape);
  shapes_[shape_last_].place = shape_last_;
  return shapes_[shape_last_];
}

SegmentCache* TableCache::add_segment(const Segment& segment, SegmentFieldsRef fields) {
  segment_last_ = segments_.size();
  segment_index_.emplace(raw(segment.id), static_cast<uint32_t>(segments_.size()));
  auto& added = segments_.emplace_back();
  added.segment = segment;
  added.fields = std::move(fields);
  return &added;
}

SegmentCache* TableCache::find_segment_slowly(const Policy& policy, int64_t time_ns) {
  const Segment* segment = policy.segment_at(time_ns);
  if (segment == nullptr) return nullptr;
  const auto found = segment_index_.find(raw(segment->id));
  if (found == segment_index_.end()) return nullptr;
  segment_last_ = found->second;
  return &segments_[segment_last_];
}

}  // namespace varve
