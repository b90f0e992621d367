// SPDX-License-Identifier: Apache-2.0
#include "engine/series_index/index_snapshot.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "engine/series_index/snapshot_blocks.h"

namespace varve::engine {
namespace {

constexpr uint8_t kFormat1 = 1;
constexpr uint8_t kFormat2 = 2;
constexpr uint8_t kFormatShared = 3;  // Before those of many tables.
// How the series of a tag have its values.
constexpr uint8_t kIdsStored = 0;
constexpr uint8_t kIdsCount = 1;  // The first series has the first value, and so on.
// Series of one item.
constexpr size_t kItemSeries = 8'192;

size_t id_bytes(uint32_t value_count) {
  return value_count <= UINT8_MAX ? 1 : value_count <= UINT16_MAX ? 2 : 4;
}

class SnapshotWriter {
 public:
  SnapshotWriter(SnapshotBlockWriter& blocks, const SeriesIndex& index)
      : blocks_(blocks), index_(index) {}

  Result<void> write(const SnapshotHeader& header, const std::vector<SnapshotSegment>& segments) {
    SeriesBits live;
    for (const SnapshotSegment& segment : segments) live.add_all(segment.series);
    order_ = index_.by_hash(live);
    const std::vector<ColumnId> tags = index_.tag_ids();
    TRY_VOID(write_header(header, segments, tags.size()));
    TRY_VOID(write_hashes());
    for (const ColumnId tag : tags) TRY_VOID(write_tag(*index_.tag(tag)));
    for (const SnapshotSegment& segment : segments) TRY_VOID(write_series(segment.series));
    return {};
  }

 private:
  Result<void> write_header(const SnapshotHeader& header,
                            const std::vector<SnapshotSegment>& segments, size_t tag_count) {
    ByteWriter& out = blocks_.item();
    out.u8(kFormat2);
    out.varint(raw(header.table));
    out.u8(static_cast<uint8_t>(header.mode));
    out.varint(order_.size());
    out.varint(tag_count);
    out.varint(segments.size());
    TRY_VOID(blocks_.end_item());
    for (const SnapshotSegment& segment : segments) {
      out.varint(raw(segment.id));
      out.i64(segment.range.begin_ns);
      out.i64(segment.range.end_ns);
      out.varint(segment.files.size());
      for (const uint64_t file : segment.files) out.varint(file);
      TRY_VOID(blocks_.end_item());
    }
    return {};
  }

  // Calls write(series) for the series of an item, as often as there are items.
  template <class Write>
  Result<void> write_items(const Write& write) {
    for (size_t begin = 0; begin < order_.size(); begin += kItemSeries) {
      const size_t count = std::min(kItemSeries, order_.size() - begin);
      write(begin, count);
      TRY_VOID(blocks_.end_item());
    }
    return {};
  }

  Result<void> write_hashes() {
    return write_items([&](size_t begin, size_t count) {
      for (size_t i = begin; i < begin + count; ++i) {
        const KeyHash hash = index_.hash(order_[i]);
        blocks_.item().u64(hash.high);
        blocks_.item().u64(hash.low);
      }
    });
  }

  // Values are numbered anew, as they come.
  Result<void> write_tag(const TagValues& tag) {
    std::vector<uint32_t> new_ids;
    std::vector<uint32_t> old_ids;
    std::vector<uint32_t> ids(order_.size());
    for (size_t i = 0; i < order_.size(); ++i) {
      const uint32_t old_id = tag.value_ids().get(raw(order_[i]));
      if (old_id == 0) continue;
      if (old_id >= new_ids.size()) new_ids.resize(size_t{old_id} + 1);
      if (new_ids[old_id] == 0) {
        old_ids.push_back(old_id);
        new_ids[old_id] = static_cast<uint32_t>(old_ids.size());
      }
      ids[i] = new_ids[old_id];
    }
    blocks_.item().varint(raw(tag.id()));
    blocks_.item().varint(old_ids.size());
    // With as many values as series, each of which has one, they are numbered like the series.
    const bool ids_count = !order_.empty() && old_ids.size() == order_.size();
    blocks_.item().u8(ids_count ? kIdsCount : kIdsStored);
    TRY_VOID(blocks_.end_item());
    for (const uint32_t old_id : old_ids) {
      blocks_.item().string(tag.text(old_id));
      TRY_VOID(blocks_.end_item());
    }
    if (ids_count) return {};
    const size_t bytes = id_bytes(static_cast<uint32_t>(old_ids.size()));
    return write_items([&](size_t begin, size_t count) {
      // Little-endian: the low bytes come first.
      for (size_t i = begin; i < begin + count; ++i) blocks_.item().raw(&ids[i], bytes);
    });
  }

  Result<void> write_series(const SeriesBits& series) {
    return write_items([&](size_t begin, size_t count) {
      for (size_t i = begin; i < begin + count; i += 8) {
        uint8_t bits = 0;
        for (size_t bit = 0; bit < 8 && i + bit < begin + count; ++bit) {
          bits |= static_cast<uint8_t>(series.has(order_[i + bit]) << bit);
        }
        blocks_.item().u8(bits);
      }
    });
  }

  SnapshotBlockWriter& blocks_;
  const SeriesIndex& index_;
  std::vector<SeriesId> order_;
};

class SnapshotReader {
 public:
  SnapshotReader(SnapshotBlockReader& blocks, uint64_t seed)
      : blocks_(blocks), seed_(seed), index_(std::make_unique<SeriesIndex>(seed)) {}

  Result<LoadedSnapshot> read(
      const std::function<bool(const SnapshotHeader&)>& is_wanted,
      const std::function<bool(const SnapshotSegment&)>& is_current) {
    TRY_VOID(read_header());
    if (!is_wanted(header_)) return blocks_.corrupt("another table is named");
    TRY_VOID(read_hashes());
    for (uint64_t tag = 0; tag < tag_count_; ++tag) TRY_VOID(read_tag());
    for (SnapshotSegment& segment : segments_) TRY_VOID(read_series(segment.series));
    std::erase_if(segments_, [&](const auto& segment) { return !is_current(segment); });
    SeriesBits live;
    for (const SnapshotSegment& segment : segments_) live.add_all(segment.series);
    index_->finish_load();
    if (live.count() != series_count_) TRY_VOID(renumber(live));
    return LoadedSnapshot{.index = std::move(index_), .segments = std::move(segments_)};
  }

 private:
  Result<void> read_header() {
    ByteReader& in = *TRY(blocks_.item());
    format_ = in.u8();
    if (format_ < kFormat1 || format_ > kFormat2) {
      return fail(ErrorCode::kUnsupported,
                  "series snapshot has format " + std::to_string(format_));
    }
    header_.table = TableId{static_cast<uint32_t>(in.varint())};
    header_.mode = static_cast<MergeMode>(in.u8());
    series_count_ = in.varint();
    tag_count_ = in.varint();
    const uint64_t segment_count = in.varint();
    if (in.failed() || series_count_ >= UINT32_MAX) {
      return blocks_.corrupt("the header is senseless");
    }
    static_assert(ValueIds::kPartSeries % kItemSeries == 0);
    for (uint64_t i = 0; i < segment_count; ++i) {
      ByteReader& item = *TRY(blocks_.item());
      SnapshotSegment segment;
      segment.id = SegmentId{static_cast<uint32_t>(item.varint())};
      segment.range.begin_ns = item.i64();
      segment.range.end_ns = item.i64();
      const uint64_t file_count = item.varint();
      for (uint64_t file = 0; file < file_count && !item.failed(); ++file) {
        segment.files.push_back(item.varint());
      }
      if (item.failed()) return blocks_.corrupt("a segment is cut short");
      segments_.push_back(std::move(segment));
    }
    return {};
  }

  // Calls read(begin, bytes) with the bytes of each item.
  template <class Read>
  Result<void> read_items(size_t bits_each, const Read& read) {
    for (size_t begin = 0; begin < series_count_; begin += kItemSeries) {
      const size_t count = std::min<size_t>(kItemSeries, series_count_ - begin);
      ByteReader& item = *TRY(blocks_.item());
      const auto bytes = item.raw((count * bits_each + 7) / 8);
      if (item.failed()) return blocks_.corrupt("an item is cut short");
      if (!read(begin, count, bytes.data())) return blocks_.corrupt("an item is senseless");
    }
    return {};
  }

  Result<void> read_hashes() {
    index_->begin_load(static_cast<uint32_t>(series_count_));
    std::vector<KeyHash> hashes;
    return read_items(128, [&](size_t, size_t count, const char* bytes) {
      hashes.resize(count);
      for (size_t i = 0; i < count; ++i) {
        std::memcpy(&hashes[i].high, bytes + i * 16, 8);
        std::memcpy(&hashes[i].low, bytes + i * 16 + 8, 8);
      }
      return index_->load_hashes(hashes);
    });
  }

  Result<void> read_tag() {
    ByteReader& head = *TRY(blocks_.item());
    const uint64_t column = head.varint();
    const uint64_t value_count = head.varint();
    const uint8_t numbering = format_ >= kFormat2 ? head.u8() : kIdsStored;
    if (head.failed() || column > UINT32_MAX || value_count > series_count_ ||
        numbering > kIdsCount || (numbering == kIdsCount && value_count != series_count_)) {
      return blocks_.corrupt("a tag is senseless");
    }
    TagValues& tag = index_->load_tag(ColumnId{static_cast<uint32_t>(column)});
    if (tag.value_count() != 0) return blocks_.corrupt("a tag is there twice");
    for (uint64_t value = 1; value <= value_count; ++value) {
      ByteReader& item = *TRY(blocks_.item());
      const std::string_view text = item.string();
      if (item.failed() || text.empty()) return blocks_.corrupt("a text is cut short");
      TRY_VOID(tag.load_text(text));
    }
    const size_t bytes = id_bytes(static_cast<uint32_t>(value_count));
    if (numbering == kIdsCount) {
      count_ids(tag, bytes);
      return {};
    }
    return read_items(bytes * 8, [&](size_t begin, size_t count, const char* cells) {
      tag.load_series(begin, count, cells);
      return tag.value_ids().part(begin / ValueIds::kPartSeries).value_max <= value_count;
    });
  }

  // As if the ids of an item were 1, 2, 3 and so on.
  void count_ids(TagValues& tag, size_t bytes) {
    std::string cells;
    for (size_t begin = 0; begin < series_count_; begin += kItemSeries) {
      const size_t count = std::min<size_t>(kItemSeries, series_count_ - begin);
      cells.clear();
      ByteWriter writer(cells);
      for (size_t i = begin; i < begin + count; ++i) {
        const auto id = static_cast<uint32_t>(i + 1);
        writer.raw(&id, bytes);
      }
      tag.load_series(begin, count, cells.data());
    }
  }

  Result<void> read_series(SeriesBits& series) {
    return read_items(1, [&](size_t begin, size_t count, const char* bits) {
      const size_t bytes = (count + 7) / 8;
      if (std::all_of(bits, bits + bytes, [](char byte) { return byte == 0; })) return true;
      if (count % 8 != 0 && static_cast<uint8_t>(bits[bytes - 1]) >> (count % 8) != 0) return false;
      // The lowest bit is the first one, in the file as in a word.
      auto& words = series.part_to_write(begin / SeriesBits::kPartSeries);
      std::memcpy(words.data() + begin % SeriesBits::kPartSeries / 64, bits, bytes);
      return true;
    });
  }

  // Some series have ended since: an index without them is made from this one.
  Result<void> renumber(const SeriesBits& live) {
    const auto all = std::exchange(index_, std::make_unique<SeriesIndex>(seed_));
    std::vector<SeriesId> new_ids(series_count_);
    Result<void> outcome;
    std::string key;
    live.visit([&](SeriesId id) {
      if (!outcome) return;
      key.clear();
      all->append_key(id, key);
      const auto added = index_->add(all->hash(id), key);
      if (added) new_ids[raw(id)] = *added;
      if (!added) outcome = fail(added.error());
    });
    for (SnapshotSegment& segment : segments_) {
      SeriesBits series;
      segment.series.visit([&](SeriesId id) { series.add(new_ids[raw(id)]); });
      segment.series = std::move(series);
    }
    return outcome;
  }

  SnapshotBlockReader& blocks_;
  const uint64_t seed_;
  std::unique_ptr<SeriesIndex> index_;
  uint8_t format_ = 0;
  SnapshotHeader header_;
  uint64_t series_count_ = 0;
  uint64_t tag_count_ = 0;
  std::vector<SnapshotSegment> segments_;
};

}  // namespace

Result<void> write_index_snapshot(File& file, const SnapshotHeader& header,
                                  const SeriesIndex& index,
                                  const std::vector<SnapshotSegment>& segments) {
  SnapshotBlockWriter blocks(file);
  TRY_VOID(SnapshotWriter(blocks, index).write(header, segments));
  return blocks.finish();
}

SharedSnapshotWriter::SharedSnapshotWriter(File& file, size_t table_count) : blocks_(file) {
  blocks_.item().u8(kFormatShared);
  blocks_.item().varint(table_count);
  begun_ = blocks_.end_item();
}

Result<void> SharedSnapshotWriter::add(const SnapshotHeader& header, const SeriesIndex& index,
                                       const std::vector<SnapshotSegment>& segments) {
  if (!begun_) return begun_;
  return SnapshotWriter(blocks_, index).write(header, segments);
}

Result<void> SharedSnapshotWriter::finish() { return begun_ ? blocks_.finish() : begun_; }

Result<LoadedSnapshot> read_index_snapshot(
    const File& file, const SnapshotHeader& header, uint64_t seed,
    const std::function<bool(const SnapshotSegment&)>& is_current) {
  SnapshotBlockReader blocks(file);
  const auto is_wanted = [&](const SnapshotHeader& found) {
    return found.table == header.table && found.mode == header.mode;
  };
  auto loaded = TRY(SnapshotReader(blocks, seed).read(is_wanted, is_current));
  TRY_VOID(blocks.expect_end());
  return loaded;
}

Result<void> read_shared_snapshot(
    const File& file, uint64_t seed,
    const std::function<bool(TableId, const SnapshotSegment&)>& is_current,
    const std::function<void(const SnapshotHeader&, LoadedSnapshot)>& visit) {
  SnapshotBlockReader blocks(file);
  ByteReader& in = *TRY(blocks.item());
  if (const uint8_t format = in.u8(); format != kFormatShared) {
    return fail(ErrorCode::kUnsupported,
                "series snapshot of many tables has format " + std::to_string(format));
  }
  const uint64_t table_count = in.varint();
  for (uint64_t i = 0; i < table_count; ++i) {
    SnapshotHeader header;
    const auto is_wanted = [&](const SnapshotHeader& found) {
      header = found;
      return true;
    };
    const auto is_current_here = [&](const SnapshotSegment& segment) {
      return is_current(header.table, segment);
    };
    auto loaded = TRY(SnapshotReader(blocks, seed).read(is_wanted, is_current_here));
    visit(header, std::move(loaded));
  }
  return blocks.expect_end();
}

}  // namespace varve::engine
