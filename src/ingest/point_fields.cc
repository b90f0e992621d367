// SPDX-License-Identifier: Apache-2.0
#include "ingest/point_fields.h"

namespace varve {
namespace {

constexpr size_t kFewFieldsMax = 24;

}  // namespace

std::optional<PointFields::Conflict> PointFields::read(std::span<const PointField> fields) {
  fields_.clear();
  has_time_field_ = false;
  has_many_ = fields.size() > kFewFieldsMax;
  if (has_many_) by_name_.clear();
  for (const PointField& field : fields) {
    if (field.name == "time") {
      has_time_field_ = true;
      continue;
    }
    const size_t place = find(field.name);
    if (place == fields_.size()) {
      fields_.push_back(&field);
      if (has_many_) by_name_.emplace(field.name, place);
      continue;
    }
    if (fields_[place]->type != field.type) return Conflict{&field, fields_[place]->type};
    fields_[place] = &field;
  }
  return std::nullopt;
}

size_t PointFields::find(std::string_view name) const {
  if (has_many_) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? fields_.size() : found->second;
  }
  size_t place = 0;
  while (place < fields_.size() && fields_[place]->name != name) ++place;
  return place;
}

}  // namespace varve
