// SPDX-License-Identifier: Apache-2.0
#include "ingest/schema_pass.h"

#include <optional>
#include <utility>

namespace varve {

SchemaPass::SchemaPass(const SchemaParts& parts, std::string database, PolicyRef policy,
                       int64_t oldest_ns)
    : catalog_(parts.catalog),
      store_(parts.store),
      registry_(parts.registry),
      ledger_(parts.ledger),
      options_(parts.options),
      database_(std::move(database)),
      policy_(std::move(policy)),
      oldest_ns_(oldest_ns) {}

Result<void> SchemaPass::run(PointSource& points) {
  points.rewind();
  PointChunk chunk;
  while (points.next(chunk)) {
    for (const Point& point : chunk.points) {
      if (point.time_ns < oldest_ns_) continue;
      const auto fields = std::span<const PointField>(chunk.fields)
                              .subspan(point.fields_begin, point.fields_end - point.fields_begin);
      TRY_VOID(collect(points, point, fields));
    }
  }
  if (ledger_ != nullptr) TRY_VOID(admit());
  for (auto& [name, need] : needs_) TRY_VOID(make(*need));
  return {};
}

Result<void> SchemaPass::collect(PointSource& points, const Point& point,
                                 std::span<const PointField> fields) {
  if (fields.size() > options_.fields_per_point_max) return {};
  // Points of one shape have the same fields: what the last one gave is all that this one gives.
  const bool is_same_shape = point.shape != 0 && point.shape == shape_last_;
  if (!is_same_shape && (point_fields_.read(fields) || point_fields_.fields().empty())) return {};
  Need* need = TRY(need_of(points, point));
  if (need == nullptr) return {};
  const Segment segment = TRY(segment_of(point.time_ns));
  if (is_same_shape && need == need_last_ && segment.id == shape_segment_last_) return {};
  if (is_same_shape) static_cast<void>(point_fields_.read(fields));
  const auto stored =
      need->existing ? TRY(fields_of(*need->existing, segment)) : SegmentFieldsRef();
  Types& types = need->types[raw(segment.id)];

  // All fields are judged before any counts: a dropped point gives no field a type.
  for (const PointField* field : point_fields_.fields()) {
    const auto* variants = need->fields.find(field->name);
    if (stored && variants && stored->contradiction(*variants, field->type)) return {};
    const auto given = types.find(std::string(field->name));
    if (given != types.end() && given->second != field->type) return {};
  }
  for (const PointField* field : point_fields_.fields()) {
    const std::string name(field->name);
    if (!types.emplace(name, field->type).second) continue;
    const auto* variants = need->fields.find(name);
    if (variants && variants->column(field->type) != ColumnId{}) continue;
    if (!need->new_fields.insert(name + static_cast<char>(field->type)).second) continue;
    need->columns.push_back({name, ColumnKind::kField, field->type});
  }
  shape_last_ = point.shape;
  need_last_ = need;
  shape_segment_last_ = segment.id;
  return {};
}

Result<SchemaPass::Need*> SchemaPass::need_of(PointSource& points, const Point& point) {
  const auto known = need_of_key_.find(point.raw_key);
  if (known != need_of_key_.end()) return known->second;
  Need*& place = need_of_key_[std::string(point.raw_key)];
  const auto key = points.parse_key(point.raw_key);
  if (!key) return nullptr;
  for (const auto& [name, text] : key->tags) {
    if (name == "time") return nullptr;
  }
  auto& need = needs_[std::string(key->table)];
  if (!need) {
    need = std::make_unique<Need>();
    need->name = key->table;
    need->existing = policy_->table(key->table);
    if (need->existing) need->fields.extend(*need->existing);
  }
  for (const auto& [name, text] : key->tags) {
    if (need->existing && need->existing->tag(name)) continue;
    if (!need->new_tags.insert(std::string(name)).second) continue;
    need->columns.push_back({std::string(name), ColumnKind::kTag, ValueType::kString});
  }
  if (ledger_ != nullptr && ledger_->counts_series()) TRY_VOID(note_series(*need, *key));
  return place = need.get();
}

Result<void> SchemaPass::note_series(const Need& need, const PointKey& key) {
  if (need.existing) {
    TRY_VOID(ledger_->load(*need.existing));
    if (ledger_->has(need.existing->id, key.tags)) return {};
  }
  new_series_.push_back({.table = need.name, .tags = {key.tags.begin(), key.tags.end()}});
  return {};
}

Result<void> SchemaPass::admit() const {
  std::vector<std::string> new_tables;
  for (const auto& [name, need] : needs_) {
    if (!need->existing && !need->types.empty()) new_tables.push_back(name);
  }
  const auto database = catalog_.snapshot()->database(database_);
  if (!database) return fail(ErrorCode::kNotFound, "database not found: \"" + database_ + "\"");
  return ledger_->admit(*database, *policy_, new_series_, new_tables);
}

Result<Segment> SchemaPass::segment_of(int64_t time_ns) {
  if (segment_last_.range.contains(time_ns)) return segment_last_;
  if (const Segment* existing = policy_->segment_at(time_ns)) {
    segment_last_ = *existing;
  } else {
    // Idempotent, and one more commit at most for each segment that is new.
    segment_last_ = TRY(catalog_.ensure_segment(policy_->id, time_ns));
  }
  segments_.emplace(raw(segment_last_.id), segment_last_);
  return segment_last_;
}

Result<SegmentFieldsRef> SchemaPass::fields_of(const Table& table, const Segment& segment) {
  if (auto known = registry_.find(table.id, segment.id)) return known;
  const auto present = TRY(store_.list_columns(table.id, segment.range));
  return registry_.put(table.id, segment.id, std::make_shared<SegmentFields>(present));
}

Result<void> SchemaPass::make(Need& need) {
  // Every point of it may have been dropped: then there is nothing to make.
  if (need.types.empty()) return {};
  auto table = need.existing;
  if (!table || !need.columns.empty()) {
    table = TRY(catalog_.ensure_columns(policy_->id, need.name, need.columns));
  }
  if (ledger_ != nullptr && ledger_->counts_series()) ledger_->add(*table, new_series_);
  for (const auto& [segment_id, types] : need.types) {
    TRY_VOID(fields_of(*table, segments_.at(segment_id)));
  }
  return {};
}

}  // namespace varve
