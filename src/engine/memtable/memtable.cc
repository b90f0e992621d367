// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable.h"

#include <algorithm>

namespace varve::engine {

// A chunk has a fixed set of columns, each of one form. A batch with a new column or wider numbers
// closes the chunk, and the next has room for both, so that tables whose senders differ do not make
// a chunk for each batch.
MemtableChunk& Memtable::chunk_for(const WriteBatch& batch, std::span<const CellForm> needed) {
  if (active_ && active_->row_count() < active_->capacity() && active_->can_hold(batch, needed)) {
    return *active_;
  }
  std::vector<ScanColumn> columns;
  std::vector<CellForm> forms;
  uint32_t capacity = kChunkRowsMin;
  if (active_) {
    columns = active_->columns();
    forms = active_->forms();
    // A chunk closed by a new column was not full: the next starts small again, or a sender that
    // adds a column with each row would claim a large chunk for each.
    const bool full = active_->row_count() == active_->capacity();
    if (full) capacity = std::min(kChunkRowsMax, active_->capacity() * 4);
    if (!full && active_->has_columns_of(batch)) ++widenings_;
    active_->close();
    closed_bytes_ += active_->size_bytes();
  }
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const BatchColumn& column = batch.columns[i];
    const auto found = std::ranges::find(columns, column.id, &ScanColumn::id);
    if (found == columns.end()) {
      columns.push_back({.id = column.id, .type = column.values.type()});
      forms.push_back(needed[i]);
    } else {
      CellForm& form = forms[static_cast<size_t>(found - columns.begin())];
      form = std::max(form, needed[i]);
    }
  }
  if (widenings_ > kWideningsMax) std::ranges::fill(forms, CellForm::kFull);
  size_t row_bytes = sizeof(SeriesId) + sizeof(int64_t);
  for (size_t i = 0; i < columns.size(); ++i) {
    row_bytes += cell_size_bytes(columns[i].type, forms[i]);
  }
  while (capacity < batch.row_count() && capacity < kChunkRowsMax) capacity *= 4;
  while (capacity > kChunkRowsMin && capacity * row_bytes > kChunkBytesMax) capacity /= 4;
  active_ = std::make_shared<MemtableChunk>(capacity, std::move(columns), std::move(forms));
  const MutexLock lock(mutex_);
  chunks_.push_back(active_);
  return *active_;
}

void Memtable::append(const WriteBatch& batch, std::span<const SeriesId> ids) {
  if (version_first_ == Version{}) version_first_ = batch.version;
  version_last_ = batch.version;
  std::vector<CellForm> needed;
  needed.reserve(batch.columns.size());
  for (const BatchColumn& column : batch.columns) {
    needed.push_back(narrowest_form(column.values.view(), 0, batch.row_count()));
  }
  for (size_t begin = 0; begin < batch.row_count();) {
    MemtableChunk& chunk = chunk_for(batch, needed);
    const size_t room = chunk.capacity() - chunk.row_count();
    const size_t end = std::min(batch.row_count(), begin + room);
    chunk.append(batch, ids, begin, end, texts_);
    begin = end;
  }
  if (const auto [first, last] = std::ranges::minmax_element(batch.times_ns);
      first != batch.times_ns.end()) {
    time_first_ns_ = std::min(time_first_ns_, *first);
    time_last_ns_ = std::max(time_last_ns_, *last);
  }
  row_count_.fetch_add(batch.row_count(), std::memory_order_relaxed);
  measure();
}

void Memtable::measure() {
  size_bytes_.store(sizeof(*this) + closed_bytes_ + (active_ ? active_->size_bytes() : 0) +
                        texts_.size_bytes(),
                    std::memory_order_relaxed);
}

void Memtable::seal() {
  if (active_) active_->close();
}

std::vector<ChunkSnapshot> Memtable::snapshot() const {
  std::vector<ChunkSnapshot> chunks;
  const MutexLock lock(mutex_);
  chunks.reserve(chunks_.size());
  for (const auto& chunk : chunks_) {
    if (const uint32_t rows = chunk->row_count()) {
      chunks.push_back({.chunk = chunk, .row_count = rows});
    }
  }
  return chunks;
}

void Memtable::collect_columns(std::vector<ScanColumn>& columns) const {
  for (const ChunkSnapshot& part : snapshot()) {
    for (size_t i = 0; i < part.chunk->columns().size(); ++i) {
      if (part.chunk->has_value(i)) columns.push_back(part.chunk->columns()[i]);
    }
  }
}

}  // namespace varve::engine
