// SPDX-License-Identifier: Apache-2.0
#include "ingest/row_builder.h"

#include <algorithm>

#include "base/check.h"
#include "model/series_key.h"
#include "model/time_range.h"

namespace varve {
namespace {

// Bounds of what is kept between requests; about 1 KB each at the worst.
constexpr size_t kTablesMax = 50'000;
constexpr size_t kSegmentsMax = 200'000;
// A guess must not cost much where it is wrong.
constexpr size_t kRowCountHintMax = 16'384;
// Each is looked at for a key that none of them spells.
constexpr size_t kLayoutsMax = 64;

// One key in two policies is two series: the seed of the hash tells them apart.
uint64_t seed_for(uint64_t seed, uint64_t space) {
  uint64_t mixed = seed + (space + 1) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
  return mixed ^ mixed >> 31;
}

bool has_time_tag(const PointKey& key) {
  return std::any_of(key.tags.begin(), key.tags.end(),
                     [](const auto& tag) { return tag.first == "time"; });
}

}  // namespace

int64_t oldest_time_ns(const BuildTarget& target) {
  const int64_t duration_ns = target.policy->duration_ns;
  if (duration_ns == 0 || target.now_ns < kTimeMin + duration_ns) return kTimeMin;
  return target.now_ns - duration_ns;
}

RowBuilder::RowBuilder(const IngestOptions& options, const SegmentFieldsRegistry& registry,
                       const CardinalityLedger* ledger, uint64_t seed)
    : options_(options),
      registry_(registry),
      ledger_(ledger),
      seed_(seed),
      key_budget_(options.raw_keys_max) {}

std::optional<BuiltRequest> RowBuilder::build(const BuildTarget& target, PointSource& points) {
  request_serial_ = ++serial_last_;
  policy_seed_ = seed_for(seed_, raw(target.policy->id));
  oldest_ns_ = oldest_time_ns(target);
  batches_.clear();
  table_of_batch_.clear();
  drops_.begin(target.policy->duration_ns, oldest_ns_);
  known_shapes_.fill({});
  if (ledger_ != nullptr) forget_what_went();
  while (points.next(chunk_)) {
    hashes_.clear();
    for (const Point& point : chunk_.points) {
      hashes_.push_back(hash128_seeded(point.raw_key, policy_seed_));
    }
    keys_.prefetch(hashes_);
    lookup_count_ += hashes_.size();
    for (size_t i = 0; i < chunk_.points.size(); ++i) {
      const Point& point = chunk_.points[i];
      const auto fields = std::span<const PointField>(chunk_.fields)
                              .subspan(point.fields_begin, point.fields_end - point.fields_begin);
      if (add(target, points, point, hashes_[i], fields) == Step::kNeedsSchema) {
        run_ = {};
        batches_.clear();
        forget_when_full();
        return std::nullopt;
      }
    }
    end_run();
  }
  auto built = finish(target, points);
  forget_when_full();
  return built;
}

RowBuilder::Step RowBuilder::add(const BuildTarget& target, PointSource& points,
                                 const Point& point, const Hash128& raw_hash,
                                 std::span<const PointField> fields) {
  if (point.time_ns < oldest_ns_) [[unlikely]] {
    const auto key = points.parse_key(point.raw_key);
    if (key) {
      drops_.beyond_retention(*key, point.time_ns);
    } else {
      points.reject(point, key.error());
    }
    return Step::kLeftOut;
  }
  CachedSeries* series = keys_.find(raw_hash);
  if (series == nullptr) series = learn_alike(target, points, point.raw_key, raw_hash);
  if (series == nullptr || !revalidate(target, tables_[series->table_index])) [[unlikely]] {
    end_run();
    const Step step = learn_series(target, points, point, fields, raw_hash, series);
    if (step != Step::kStored) return step;
  }
  TableCache& table = tables_[series->table_index];
  SegmentCache* segment = find_segment(target, table, point.time_ns);
  if (segment == nullptr) [[unlikely]] return wait_for_schema(table.table().name, fields);

  const FieldShape* shape = find_shape(table, series->table_index, point, fields);
  if (shape == nullptr || segment->shapes[shape->place].claimed_serial != shape->serial)
      [[unlikely]] {
    return add_unfamiliar(table, *segment, *series, point, fields);
  }
  OpenBatch& batch = open_batch(table, *segment);
  ShapeUse& use = segment->shapes[shape->place];
  if (use.positions_request != request_serial_) [[unlikely]] {
    end_run();
    use.positions_request = request_serial_;
    use.positions.clear();
    for (const auto& field : shape->fields) {
      use.positions.push_back(batch.position(field.column, field.type));
    }
  }
  const auto point_index = static_cast<size_t>(&point - chunk_.points.data());
  if (run_.positions != &use.positions || run_.batch != segment->open_batch ||
      run_.point_begin + run_.point_count != point_index) {
    end_run();
    run_ = {.batch = segment->open_batch,
            .positions = &use.positions,
            .point_begin = point_index,
            .point_count = 0};
  }
  batch.begin_row(*series, point.time_ns, table.open_batch_count == 1);
  ++run_.point_count;
  return Step::kStored;
}

const FieldShape* RowBuilder::find_shape(TableCache& table, uint32_t table_index,
                                         const Point& point, std::span<const PointField> fields) {
  KnownShape& known = known_shapes_[point.shape % known_shapes_.size()];
  if (point.shape != 0 && known.shape == point.shape && known.table_index == table_index) {
    const FieldShape& shape = table.shape(known.place);
    if (shape.serial == known.serial) [[likely]] return &shape;
  }
  const FieldShape* const found = table.find_shape(fields);
  if (found != nullptr) {
    known = {.shape = point.shape,
             .table_index = table_index,
             .place = found->place,
             .serial = found->serial};
  }
  return found;
}

void RowBuilder::end_run() {
  if (run_.point_count > 0) {
    batches_[run_.batch].set_rows(
        *run_.positions,
        std::span<const Point>(chunk_.points).subspan(run_.point_begin, run_.point_count),
        chunk_.fields.data());
  }
  run_ = {};
}

RowBuilder::Step RowBuilder::learn_series(const BuildTarget& target, PointSource& points,
                                          const Point& point,
                                          std::span<const PointField> fields,
                                          const Hash128& raw_hash, CachedSeries*& series) {
  const auto key = points.parse_key(point.raw_key);
  if (!key) {
    points.reject(point, key.error());
    return Step::kLeftOut;
  }
  if (has_time_tag(*key)) {
    drops_.tag_named_time(key->table);
    return Step::kLeftOut;
  }
  uint32_t table_index = 0;
  TableCache* table = find_table(target, key->table, table_index);
  if (table == nullptr) return wait_for_schema(key->table, fields);
  cells_.clear();
  for (const auto& [name, text] : key->tags) {
    const Column* column = find_tag(table->table(), name, cells_.size());
    if (column == nullptr) return wait_for_schema(key->table, fields);
    cells_.push_back({column->id, text});
  }
  if (ledger_ != nullptr && !ledger_->has(table->table().id, key->tags)) {
    return wait_for_schema(key->table, fields);
  }
  std::sort(cells_.begin(), cells_.end(),
            [](const KeyCell& a, const KeyCell& b) { return raw(a.column) < raw(b.column); });
  const std::string canonical = encode_series_key(cells_);
  // The raw key of a table that was dropped is spelt in a way that is known already.
  const bool is_new = series == nullptr;
  const uint64_t layout = is_new ? learn_layout(target, points, point.raw_key, table_index) : 0;
  if (layout != 0 && table->key_layout == 0) table->key_layout = layout;
  if (layout != 0 && table->key_layout == layout) {
    series = keys_.put_alike(raw_hash, table_index, canonical);
    return Step::kStored;
  }
  if (std::exchange(table->key_layout, TableCache::kManyLayouts) != TableCache::kManyLayouts) {
    keys_.index_canonical(table_index, canonical_seed(table_index));
  }
  series = keys_.put(raw_hash, canonical_hash(table_index, canonical), table_index, canonical);
  return Step::kStored;
}

CachedSeries* RowBuilder::learn_alike(const BuildTarget& target, const PointSource& points,
                                      std::string_view raw_key, const Hash128& raw_hash) {
  if (layouts_.empty() || !points.keys_are_lines()) return nullptr;
  for (size_t i = 0; i < layouts_.size(); ++i) {
    const size_t place = (layout_last_ + i) % layouts_.size();
    KnownLayout& known = layouts_[place];
    if (known.policy != target.policy->id) continue;
    const auto key = known.layout.canonical(raw_key);
    if (key.empty()) continue;
    TableCache& table = tables_[known.table_index];
    const bool is_valid = revalidate(target, table) &&
                          (known.catalog_version == target.catalog_version ||
                           known.layout.fits(table.table()));
    if (!is_valid) {
      layouts_.erase(layouts_.begin() + static_cast<ptrdiff_t>(place));
      layout_last_ = 0;
      return learn_alike(target, points, raw_key, raw_hash);
    }
    known.catalog_version = target.catalog_version;
    layout_last_ = place;
    if (table.key_layout == known.serial) {
      return keys_.put_alike(raw_hash, known.table_index, key);
    }
    return keys_.put(raw_hash, canonical_hash(known.table_index, key), known.table_index, key);
  }
  return nullptr;
}

uint64_t RowBuilder::learn_layout(const BuildTarget& target, const PointSource& points,
                                  std::string_view raw_key, uint32_t table_index) {
  // Each series has to be asked of the ledger.
  if (ledger_ != nullptr || !points.keys_are_lines()) return 0;
  auto layout = KeyLayout::of(raw_key, tables_[table_index].table());
  // With a tag twice, or nothing for a value, there is none.
  if (!layout || layout->canonical(raw_key).empty()) return 0;
  if (layouts_.size() == kLayoutsMax) layouts_.erase(layouts_.begin());
  layouts_.push_back({.serial = ++serial_last_,
                      .policy = target.policy->id,
                      .table_index = table_index,
                      .catalog_version = target.catalog_version,
                      .layout = std::move(*layout)});
  layout_last_ = layouts_.size() - 1;
  return layouts_.back().serial;
}

// Raw keys are hashed under policies' numbers, canonical ones under tables': the upper bit keeps
// the two apart.
uint64_t RowBuilder::canonical_seed(uint32_t table_index) const {
  return seed_for(seed_, uint64_t{1} << 63 | table_index);
}

Hash128 RowBuilder::canonical_hash(uint32_t table_index, std::string_view key) const {
  return hash128_seeded(key, canonical_seed(table_index));
}

const Column* RowBuilder::find_tag(const Table& table, std::string_view name, size_t place) {
  if (place >= tag_columns_.size()) tag_columns_.resize(place + 1);
  uint32_t& guess = tag_columns_[place];
  if (guess < table.columns.size()) {
    const Column& column = table.columns[guess];
    if (column.kind == ColumnKind::kTag && column.name == name) return &column;
  }
  const Column* const found = table.tag(name);
  if (found != nullptr) guess = static_cast<uint32_t>(found - table.columns.data());
  return found;
}

TableCache* RowBuilder::find_table(const BuildTarget& target, std::string_view name,
                                   uint32_t& table_index) {
  TableName table_name{target.policy->id, std::string(name)};
  const auto found = table_index_.find(table_name);
  if (found != table_index_.end()) {
    table_index = found->second;
    if (revalidate(target, tables_[table_index])) return &tables_[table_index];
  }
  auto table = target.policy->table(name);
  if (!table) return nullptr;
  table_index = static_cast<uint32_t>(tables_.size());
  tables_.emplace_back(std::move(table), target.catalog_version);
  table_index_.insert_or_assign(std::move(table_name), table_index);
  return &tables_.back();
}

bool RowBuilder::revalidate(const BuildTarget& target, TableCache& table) {
  if (table.is_dropped()) return false;
  if (table.version() == target.catalog_version) [[likely]] return true;
  auto current = target.policy->table(table.table().name);
  if (!current || current->id != table.table().id) {
    table.mark_dropped();
    return false;
  }
  segment_count_ -= table.segment_count();
  table.update(std::move(current), target.catalog_version);
  return true;
}

SegmentCache* RowBuilder::find_segment(const BuildTarget& target, TableCache& table,
                                       int64_t time_ns) {
  if (auto* known = table.find_segment(*target.policy, time_ns)) [[likely]] return known;
  end_run();
  const Segment* segment = target.policy->segment_at(time_ns);
  if (segment == nullptr) return nullptr;
  auto fields = registry_.find(table.table().id, segment->id);
  if (!fields) return nullptr;
  ++segment_count_;
  return table.add_segment(*segment, std::move(fields));
}

OpenBatch& RowBuilder::open_batch(TableCache& table, SegmentCache& segment) {
  if (segment.request_serial == request_serial_) [[likely]] return batches_[segment.open_batch];
  segment.request_serial = request_serial_;
  segment.open_batch = static_cast<uint32_t>(batches_.size());
  if (table.request_serial != request_serial_) {
    table.request_serial = request_serial_;
    table.open_batch_count = 0;
  }
  ++table.open_batch_count;
  table_of_batch_.push_back(static_cast<uint32_t>(&table - tables_.data()));
  return batches_.emplace_back(table.table(), segment.segment, ++serial_last_,
                               std::min(table.row_count_last, kRowCountHintMax));
}

RowBuilder::Step RowBuilder::add_unfamiliar(TableCache& table, SegmentCache& segment,
                                            CachedSeries& series, const Point& point,
                                            std::span<const PointField> fields) {
  end_run();
  const std::string_view name = table.table().name;
  if (!judge(name, fields)) return Step::kLeftOut;
  const Step step = claim(table, segment);
  if (step != Step::kStored) return step;
  if (point_fields_.has_time_field()) drops_.time_field_stripped(name);

  OpenBatch& batch = open_batch(table, segment);
  batch.begin_row(series, point.time_ns, table.open_batch_count == 1);
  for (size_t i = 0; i < claims_.size(); ++i) {
    const PointField& field = *point_fields_.fields()[i];
    batch.set(batch.position(claims_[i].variants->column(field.type), field.type), field);
  }
  // With a field twice, or one named time, the next such point must come this way too.
  if (point_fields_.fields().size() == fields.size()) use_shape(table, segment, fields);
  return Step::kStored;
}

bool RowBuilder::judge(std::string_view table, std::span<const PointField> fields) {
  if (fields.size() > options_.fields_per_point_max) {
    drops_.too_many_fields(table, fields.size(), options_.fields_per_point_max);
    return false;
  }
  if (const auto conflict = point_fields_.read(fields)) {
    drops_.field_type_conflict(table, conflict->field->name, conflict->field->type,
                               conflict->existing);
    return false;
  }
  if (point_fields_.fields().empty()) {
    drops_.no_valid_field(table);
    return false;
  }
  return true;
}

RowBuilder::Step RowBuilder::wait_for_schema(std::string_view table,
                                             std::span<const PointField> fields) {
  return judge(table, fields) ? Step::kNeedsSchema : Step::kLeftOut;
}

RowBuilder::Step RowBuilder::claim(TableCache& table, SegmentCache& segment) {
  claims_.clear();
  bool is_claimed = true;
  bool is_known = true;
  for (const PointField* field : point_fields_.fields()) {
    const auto* variants = table.fields().find(field->name);
    const uint32_t column = variants ? raw(variants->column(field->type)) : 0;
    claims_.push_back({variants, field->type});
    is_known &= column != 0;
    is_claimed &= column < segment.claimed.size() && segment.claimed[column];
  }
  if (!is_known) return judge_unknown_field(table, segment);
  if (is_claimed) return Step::kStored;
  if (const auto conflict = segment.fields->claim(claims_)) {
    const PointField& field = *point_fields_.fields()[conflict->claim_index];
    drops_.field_type_conflict(table.table().name, field.name, field.type, conflict->existing);
    return Step::kLeftOut;
  }
  for (const auto& claim : claims_) {
    const uint32_t column = raw(claim.variants->column(claim.type));
    if (column >= segment.claimed.size()) segment.claimed.resize(column + 1);
    segment.claimed[column] = true;
  }
  return Step::kStored;
}

// A conflict is final whatever else the point says: no column is made for the sake of a point that
// is dropped anyway.
RowBuilder::Step RowBuilder::judge_unknown_field(TableCache& table, SegmentCache& segment) {
  for (size_t i = 0; i < claims_.size(); ++i) {
    if (claims_[i].variants == nullptr) continue;
    const auto existing = segment.fields->contradiction(*claims_[i].variants, claims_[i].type);
    if (!existing) continue;
    const PointField& field = *point_fields_.fields()[i];
    drops_.field_type_conflict(table.table().name, field.name, field.type, *existing);
    return Step::kLeftOut;
  }
  return Step::kNeedsSchema;
}

void RowBuilder::use_shape(TableCache& table, SegmentCache& segment,
                           std::span<const PointField> fields) {
  const FieldShape* shape = table.find_shape(fields);
  if (shape == nullptr) {
    FieldShape learned;
    learned.serial = ++serial_last_;
    for (size_t i = 0; i < fields.size(); ++i) {
      learned.fields.push_back({std::string(fields[i].name), fields[i].type,
                                claims_[i].variants->column(fields[i].type)});
    }
    shape = &table.learn_shape(std::move(learned));
  }
  segment.shapes[shape->place].claimed_serial = shape->serial;
  segment.shapes[shape->place].positions_request = 0;
}

BuiltRequest RowBuilder::finish(const BuildTarget& target, PointSource& points) {
  BuiltRequest built;
  built.summary.policy = target.policy->name;
  built.summary.rows_dropped = drops_.point_count();
  built.summary.drop_reason = drops_.reason();
  built.summary.parse_errors = points.errors();
  built.batches.reserve(batches_.size());
  for (size_t i = 0; i < batches_.size(); ++i) {
    built.summary.rows_written += batches_[i].row_count();
    tables_[table_of_batch_[i]].row_count_last = batches_[i].row_count();
    built.batches.push_back(std::move(batches_[i]).finish());
  }
  batches_.clear();
  return built;
}

void RowBuilder::forget_what_went() {
  const uint64_t generation = ledger_->generation();
  if (generation == ledger_generation_) return;
  ledger_generation_ = generation;
  keys_.clear();
}

// Between requests only: within one, what the cache knows of a batch must stay.
void RowBuilder::forget_when_full() {
  const bool is_full = keys_.key_count() > key_budget_.keys_max();
  if (!is_full && tables_.size() <= kTablesMax && segment_count_ <= kSegmentsMax) return;
  if (is_full) key_budget_.note_full(keys_.key_count(), lookup_count_);
  lookup_count_ = 0;
  keys_.clear();
  tables_.clear();
  table_index_.clear();
  layouts_.clear();
  layout_last_ = 0;
  segment_count_ = 0;
}

}  // namespace varve
