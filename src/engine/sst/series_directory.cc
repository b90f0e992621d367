// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/series_directory.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace varve::engine {
namespace {

constexpr uint8_t kFormat1 = 1;
constexpr uint8_t kFormat2 = 2;
constexpr uint8_t kHashesStored = 1;

// The five words of a summary beside its count, in the order of the bytes.
constexpr uint64_t FieldSummary::*kSummaryBits[] = {
    &FieldSummary::min_bits, &FieldSummary::max_bits, &FieldSummary::sum_bits,
    &FieldSummary::first_bits, &FieldSummary::last_bits};

/// Hands out the rows of a file one after the other, by row group.
class RowPlaces {
 public:
  RowPlaces(RowGroupBegins begins, uint64_t row) : begins_(begins), row_(row) {
    group_ = static_cast<size_t>(std::upper_bound(begins.begin(), begins.end(), row) -
                                 begins.begin()) - 1;
  }
  /// Places the next rows; false when they do not lie within one row group.
  bool place(SeriesRows& run) {
    while (group_ + 1 < begins_.size() && row_ == begins_[group_ + 1]) ++group_;
    if (group_ + 1 >= begins_.size() || run.row_count > begins_[group_ + 1] - row_) return false;
    run.row_group = static_cast<uint32_t>(group_);
    run.row_begin = static_cast<uint32_t>(row_ - begins_[group_]);
    row_ += run.row_count;
    return true;
  }
  uint64_t row() const { return row_; }

 private:
  RowGroupBegins begins_;
  uint64_t row_;
  size_t group_ = 0;
};

FieldSummary read_summary_format1(ByteReader& reader) {
  FieldSummary summary;
  summary.count = reader.varint();
  if (summary.count == 0) return summary;
  for (const auto bits : kSummaryBits) summary.*bits = reader.u64();
  return summary;
}

}  // namespace

void SeriesDirectory::add_rows(const SeriesRef& series, SeriesRows rows,
                               std::span<const FieldSummary> summaries) {
  CHECK(rows.row_count > 0);
  CHECK(summaries.empty() || summaries.size() == numeric_field_count_);
  if (entries_.empty() || entries_.back().hash != series.hash) {
    CHECK(entries_.empty() || entries_.back().hash < series.hash);
    entries_.push_back({.hash = series.hash,
                        .key_offset = keys_.size(),
                        .key_size_bytes = static_cast<uint32_t>(series.key.size()),
                        .runs_begin = static_cast<uint32_t>(runs_.size()),
                        .runs_end = static_cast<uint32_t>(runs_.size())});
    keys_ += series.key;
  }
  rows.summaries_begin.reset();
  if (!summaries.empty()) {
    rows.summaries_begin = static_cast<uint32_t>(summaries_.size());
    summaries_.insert(summaries_.end(), summaries.begin(), summaries.end());
  }
  runs_.push_back(rows);
  entries_.back().runs_end = static_cast<uint32_t>(runs_.size());
}

void SeriesDirectory::clear() {
  keys_.clear();
  entries_.clear();
  runs_.clear();
  summaries_.clear();
}

std::optional<size_t> SeriesDirectory::find(const KeyHash& hash) const {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), hash,
      [](const Entry& entry, const KeyHash& wanted) { return entry.hash < wanted; });
  if (found == entries_.end() || found->hash != hash) return std::nullopt;
  return static_cast<size_t>(found - entries_.begin());
}

size_t SeriesDirectory::size_bytes() const {
  return sizeof *this + keys_.capacity() + entries_.capacity() * sizeof(Entry) +
         runs_.capacity() * sizeof(SeriesRows) + summaries_.capacity() * sizeof(FieldSummary);
}

bool SeriesDirectory::hashes_follow_from_keys() const {
  for (size_t index = 0; index < entries_.size(); ++index) {
    const SeriesRef ref = series(index);
    if (series_key_hash(ref.key) != ref.hash) return false;
  }
  return true;
}

// Like stands beside like, so that the block compresses well.
void SeriesDirectory::encode(std::string& out) const {
  ByteWriter writer(out);
  writer.u8(kFormat2);
  const bool hashes_stored = !hashes_follow_from_keys();
  writer.u8(hashes_stored ? kHashesStored : 0);
  writer.varint(entries_.size());
  writer.varint(runs_.size());
  for (size_t index = 0; index < entries_.size(); ++index) writer.string(series(index).key);
  for (const Entry& entry : entries_) {
    if (hashes_stored) {
      writer.u64(entry.hash.high);
      writer.u64(entry.hash.low);
    }
  }
  for (const Entry& entry : entries_) writer.varint(entry.runs_end - entry.runs_begin);
  for (const SeriesRows& run : runs_) writer.varint(run.row_count);
  uint64_t time_before = 0;
  for (const SeriesRows& run : runs_) {
    const auto time = static_cast<uint64_t>(run.time_first_ns);
    writer.signed_varint(static_cast<int64_t>(time - time_before));
    time_before = time;
  }
  for (const SeriesRows& run : runs_) {
    writer.varint(static_cast<uint64_t>(run.time_last_ns) -
                  static_cast<uint64_t>(run.time_first_ns));
  }
  for (const SeriesRows& run : runs_) writer.u8(run.summaries_begin ? 1 : 0);
  for (size_t field = 0; field < numeric_field_count_; ++field) {
    for (size_t at = field; at < summaries_.size(); at += numeric_field_count_) {
      writer.varint(summaries_[at].count);
    }
    for (const auto bits : kSummaryBits) {
      for (size_t at = field; at < summaries_.size(); at += numeric_field_count_) {
        if (summaries_[at].count > 0) writer.u64(summaries_[at].*bits);
      }
    }
  }
}

/// Reads one block; every step refuses what cannot be.
struct SeriesDirectory::Decoder {
  ByteReader reader;
  SeriesDirectory directory;

  Decoder(std::string_view bytes, size_t numeric_field_count)
      : reader(bytes), directory(numeric_field_count) {}

  tl::unexpected<Error> corrupt(const char* what) const {
    return fail(ErrorCode::kCorrupt, std::string("series directory: ") + what + " at byte " +
                                         std::to_string(reader.offset()));
  }

  Result<void> read_keys(bool hashes_stored) {
    directory.keys_.reserve(reader.remaining_bytes() / 2);
    for (Entry& entry : directory.entries_) {
      const std::string_view key = reader.string();
      entry.key_offset = directory.keys_.size();
      entry.key_size_bytes = static_cast<uint32_t>(key.size());
      directory.keys_ += key;
      if (!hashes_stored) entry.hash = series_key_hash(key);
    }
    directory.keys_.shrink_to_fit();
    if (hashes_stored) {
      for (Entry& entry : directory.entries_) {
        entry.hash.high = reader.u64();
        entry.hash.low = reader.u64();
      }
    }
    const auto rises = [](const Entry& a, const Entry& b) { return a.hash < b.hash; };
    for (size_t index = 1; index < directory.entries_.size(); ++index) {
      if (!rises(directory.entries_[index - 1], directory.entries_[index])) {
        return corrupt("series are out of order");
      }
    }
    return {};
  }

  Result<void> read_rows(RowGroupBegins begins, uint64_t row_begin, uint64_t row_end) {
    const uint64_t run_count = directory.runs_.size();
    uint64_t runs = 0;
    for (Entry& entry : directory.entries_) {
      const uint64_t count = reader.varint();
      if (count == 0 || count > run_count - runs) return corrupt("a series has no rows");
      entry.runs_begin = static_cast<uint32_t>(runs);
      runs += count;
      entry.runs_end = static_cast<uint32_t>(runs);
    }
    if (runs != run_count) return corrupt("it has rows of no series");
    RowPlaces places(begins, row_begin);
    for (SeriesRows& run : directory.runs_) {
      const uint64_t count = reader.varint();
      run.row_count = static_cast<uint32_t>(count);
      if (count == 0 || count > UINT32_MAX || !places.place(run)) {
        return corrupt("it does not cover its rows");
      }
    }
    if (places.row() != row_end) return corrupt("it does not cover its rows");
    return {};
  }

  void read_times() {
    uint64_t time = 0;
    for (SeriesRows& run : directory.runs_) {
      time += static_cast<uint64_t>(reader.signed_varint());
      run.time_first_ns = static_cast<int64_t>(time);
    }
    for (SeriesRows& run : directory.runs_) {
      run.time_last_ns =
          static_cast<int64_t>(static_cast<uint64_t>(run.time_first_ns) + reader.varint());
    }
  }

  Result<void> read_summaries() {
    const size_t fields = directory.numeric_field_count_;
    size_t count = 0;
    for (SeriesRows& run : directory.runs_) {
      if (reader.u8() == 0) continue;
      run.summaries_begin = static_cast<uint32_t>(count);
      count += fields;
    }
    // Each takes at least a byte.
    if (count > reader.remaining_bytes()) return corrupt("a summary is cut short");
    auto& summaries = directory.summaries_;
    summaries.resize(count);
    for (size_t field = 0; field < fields; ++field) {
      for (size_t at = field; at < count; at += fields) summaries[at].count = reader.varint();
      for (const auto bits : kSummaryBits) {
        for (size_t at = field; at < count; at += fields) {
          if (summaries[at].count > 0) summaries[at].*bits = reader.u64();
        }
      }
    }
    if (reader.failed() || !reader.at_end()) return corrupt("it does not end where it should");
    return {};
  }
};

Result<SeriesDirectory> SeriesDirectory::decode(std::string_view bytes,
                                                size_t numeric_field_count, RowGroupBegins begins,
                                                uint64_t row_begin, uint64_t row_end) {
  Decoder decoder(bytes, numeric_field_count);
  ByteReader& reader = decoder.reader;
  if (reader.u8() != kFormat2) return decoder.corrupt("format number is not 2");
  const bool hashes_stored = (reader.u8() & kHashesStored) != 0;
  const uint64_t series_count = reader.varint();
  const uint64_t run_count = reader.varint();
  // Each series takes at least 2 bytes, each run at least 4: more cannot be there.
  if (series_count > bytes.size() / 2 || run_count > bytes.size() / 4) {
    return decoder.corrupt("it counts more series than it has bytes for");
  }
  decoder.directory.entries_.resize(series_count);
  decoder.directory.runs_.resize(run_count);
  TRY_VOID(decoder.read_keys(hashes_stored));
  TRY_VOID(decoder.read_rows(begins, row_begin, row_end));
  decoder.read_times();
  TRY_VOID(decoder.read_summaries());
  return std::move(decoder.directory);
}

Result<SeriesDirectory> SeriesDirectory::decode_format1(std::string_view bytes,
                                                        size_t numeric_field_count,
                                                        RowGroupBegins begins) {
  ByteReader reader(bytes);
  const auto corrupt = [&](const char* what) {
    return fail(ErrorCode::kCorrupt, std::string("series directory: ") + what + " at byte " +
                                         std::to_string(reader.offset()));
  };
  if (reader.u8() != kFormat1) return corrupt("format number is not 1");
  SeriesDirectory directory(numeric_field_count);
  RowPlaces places(begins, 0);
  const uint64_t series_count = reader.varint();
  static_cast<void>(reader.varint());  // The number of runs.
  for (uint64_t index = 0; index < series_count; ++index) {
    SeriesRef ref;
    ref.hash.high = reader.u64();
    ref.hash.low = reader.u64();
    ref.key = reader.string();
    const uint64_t runs = reader.varint();
    if (reader.failed() || runs == 0) return corrupt("a series has no rows");
    if (index > 0 && !(directory.entries_.back().hash < ref.hash)) {
      return corrupt("series are out of order");
    }
    for (uint64_t run_index = 0; run_index < runs; ++run_index) {
      const uint64_t row_group = reader.varint();
      const uint64_t row_begin = reader.varint();
      SeriesRows run;
      run.row_count = static_cast<uint32_t>(reader.varint());
      run.time_first_ns = reader.i64();
      run.time_last_ns = static_cast<int64_t>(static_cast<uint64_t>(run.time_first_ns) +
                                              reader.varint());
      std::vector<FieldSummary> summaries;
      if (reader.u8() != 0) {
        for (size_t field = 0; field < numeric_field_count && !reader.failed(); ++field) {
          summaries.push_back(read_summary_format1(reader));
        }
      }
      if (reader.failed() || run.row_count == 0) return corrupt("a run of rows is cut short");
      if (!places.place(run) || run.row_group != row_group || run.row_begin != row_begin) {
        return corrupt("it does not cover its rows");
      }
      directory.add_rows(ref, run, summaries);
    }
  }
  if (reader.failed() || !reader.at_end()) return corrupt("it does not end where it should");
  if (places.row() != begins.back()) return corrupt("it does not cover its rows");
  return directory;
}

}  // namespace varve::engine
