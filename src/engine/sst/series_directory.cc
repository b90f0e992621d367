// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/series_directory.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "base/check.h"

namespace varve::engine {
namespace {

constexpr uint8_t kFormat = 1;

void write_summary(ByteWriter& writer, const FieldSummary& summary) {
  writer.varint(summary.count);
  if (summary.count == 0) return;
  for (const uint64_t bits : {summary.min_bits, summary.max_bits, summary.sum_bits,
                              summary.first_bits, summary.last_bits}) {
    writer.u64(bits);
  }
}

FieldSummary read_summary(ByteReader& reader) {
  FieldSummary summary;
  summary.count = reader.varint();
  if (summary.count == 0) return summary;
  summary.min_bits = reader.u64();
  summary.max_bits = reader.u64();
  summary.sum_bits = reader.u64();
  summary.first_bits = reader.u64();
  summary.last_bits = reader.u64();
  return summary;
}

template <class T>
FieldSummary summarize_cells(const ColumnView& cells) {
  const auto values = cells.as<T>();
  FieldSummary summary;
  T min{}, max{}, first{}, last{};
  std::conditional_t<std::is_same_v<T, double>, double, uint64_t> sum{};
  for (size_t row = 0; row < values.size(); ++row) {
    if (!cells.has_value(row)) continue;
    const T value = values[row];
    if (summary.count == 0) {
      min = max = first = value;
    } else {
      min = value < min ? value : min;
      max = value > max ? value : max;
    }
    last = value;
    sum += static_cast<decltype(sum)>(value);
    ++summary.count;
  }
  summary.min_bits = std::bit_cast<uint64_t>(min);
  summary.max_bits = std::bit_cast<uint64_t>(max);
  summary.sum_bits = std::bit_cast<uint64_t>(sum);
  summary.first_bits = std::bit_cast<uint64_t>(first);
  summary.last_bits = std::bit_cast<uint64_t>(last);
  return summary;
}

}  // namespace

std::optional<FieldSummary> summarize(const ColumnView& cells) {
  switch (cells.type) {
    case ValueType::kFloat64: return summarize_cells<double>(cells);
    case ValueType::kInt64: return summarize_cells<int64_t>(cells);
    case ValueType::kUint64: return summarize_cells<uint64_t>(cells);
    default: return std::nullopt;
  }
}

void SeriesDirectory::add_rows(const SeriesRef& series, SeriesRows rows,
                               std::span<const FieldSummary> summaries) {
  CHECK(rows.row_count > 0);
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

std::optional<size_t> SeriesDirectory::find(const KeyHash& hash) const {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), hash,
      [](const DirectoryEntry& entry, const KeyHash& wanted) { return entry.hash < wanted; });
  if (found == entries_.end() || found->hash != hash) return std::nullopt;
  return static_cast<size_t>(found - entries_.begin());
}

std::span<const FieldSummary> SeriesDirectory::summaries(const SeriesRows& rows,
                                                         size_t numeric_field_count) const {
  if (!rows.summaries_begin) return {};
  return std::span(summaries_).subspan(*rows.summaries_begin, numeric_field_count);
}

size_t SeriesDirectory::size_bytes() const {
  return keys_.capacity() + entries_.capacity() * sizeof(DirectoryEntry) +
         runs_.capacity() * sizeof(SeriesRows) + summaries_.capacity() * sizeof(FieldSummary);
}

std::string SeriesDirectory::encode(size_t numeric_field_count) const {
  std::string out;
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.varint(entries_.size());
  writer.varint(runs_.size());
  for (size_t index = 0; index < entries_.size(); ++index) {
    const SeriesRef ref = series(index);
    writer.u64(ref.hash.high);
    writer.u64(ref.hash.low);
    writer.string(ref.key);
    writer.varint(rows(index).size());
    for (const SeriesRows& run : rows(index)) {
      writer.varint(run.row_group);
      writer.varint(run.row_begin);
      writer.varint(run.row_count);
      writer.i64(run.time_first_ns);
      writer.varint(static_cast<uint64_t>(run.time_last_ns) -
                    static_cast<uint64_t>(run.time_first_ns));
      const auto known = summaries(run, numeric_field_count);
      writer.u8(known.empty() ? 0 : 1);
      for (const FieldSummary& summary : known) write_summary(writer, summary);
    }
  }
  return out;
}

Result<SeriesDirectory> SeriesDirectory::decode(std::string_view bytes,
                                                size_t numeric_field_count) {
  ByteReader reader(bytes);
  const auto corrupt = [&](const char* what) {
    return fail(ErrorCode::kCorrupt, std::string("series directory: ") + what + " at byte " +
                                         std::to_string(reader.offset()));
  };
  if (const auto format = reader.u8(); format != kFormat) {
    return corrupt("format number is not 1");
  }
  SeriesDirectory directory;
  const uint64_t series_count = reader.varint();
  const uint64_t run_count = reader.varint();
  // Each series takes at least 19 bytes, each run at least 13: more cannot be there.
  if (series_count > bytes.size() / 19 || run_count > bytes.size() / 13) {
    return corrupt("it counts more series than it has bytes for");
  }
  directory.entries_.reserve(series_count);
  directory.runs_.reserve(run_count);
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
    for (uint64_t run_index = 0; run_index < runs && !reader.failed(); ++run_index) {
      SeriesRows run;
      run.row_group = static_cast<uint32_t>(reader.varint());
      run.row_begin = static_cast<uint32_t>(reader.varint());
      run.row_count = static_cast<uint32_t>(reader.varint());
      run.time_first_ns = reader.i64();
      run.time_last_ns = static_cast<int64_t>(static_cast<uint64_t>(run.time_first_ns) +
                                              reader.varint());
      std::vector<FieldSummary> summaries;
      if (reader.u8() != 0) {
        for (size_t field = 0; field < numeric_field_count && !reader.failed(); ++field) {
          summaries.push_back(read_summary(reader));
        }
      }
      if (reader.failed() || run.row_count == 0) return corrupt("a run of rows is cut short");
      directory.add_rows(ref, run, summaries);
    }
  }
  if (reader.failed() || !reader.at_end()) return corrupt("it does not end where it should");
  return directory;
}

}  // namespace varve::engine
