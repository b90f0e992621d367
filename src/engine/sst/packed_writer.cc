// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/packed_writer.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "engine/page/page.h"
#include "engine/sst/directory_writer.h"
#include "engine/sst/packed_rows.h"
#include "engine/sst/sst_footer.h"

namespace varve::engine {
namespace {

/// A page with so many texts ends, so that reading one takes little memory.
constexpr size_t kTextBytesMax = size_t{8} << 20;

std::vector<SstColumn> columns_of(const SstWriterOptions& options, ColumnKind kind) {
  std::vector<SstColumn> columns;
  std::ranges::copy_if(options.columns, std::back_inserter(columns),
                       [&](const SstColumn& column) { return column.kind == kind; });
  return columns;
}

class PackedSstWriter final : public SstWriter {
 public:
  PackedSstWriter(SstWriterOptions options, std::unique_ptr<SstOutput> output)
      : options_(std::move(options)),
        output_(std::move(output)),
        fields_(columns_of(options_, ColumnKind::kField)),
        rows_(columns_of(options_, ColumnKind::kTag), fields_, options_.zstd_level),
        directory_(static_cast<size_t>(std::ranges::count_if(
                       fields_, [](const auto& field) { return is_summarized(field.type); })),
                   options_.zstd_level),
        page_rows_max_(std::clamp<size_t>(options_.row_group_rows_max, 1, kPageRowsMax)),
        times_(ValueType::kTimestamp) {
    for (const SstColumn& field : fields_) cells_.emplace_back(field.type);
    has_cells_.resize(fields_.size());
    has_texts_ = std::ranges::any_of(
        fields_, [](const SstColumn& field) { return is_variable_size(field.type); });
  }

  /// Rows of a long series fill pages of their own, all as long as each other; those of a short one
  /// share a page with others, but are not torn apart.
  Result<void> append(const SeriesRef& series, std::span<const int64_t> times_ns,
                      std::span<const ColumnView> fields) override {
    CHECK(fields.size() == fields_.size());
    const size_t row_count = times_ns.size();
    const size_t parts = (row_count + page_rows_max_ - 1) / page_rows_max_;
    for (size_t part = 0; part < parts; ++part) {
      const size_t begin = row_count * part / parts;
      const size_t end = row_count * (part + 1) / parts;
      if (times_.row_count() + (end - begin) > page_rows_max_) TRY_VOID(write_page());
      TRY_VOID(append_rows(series, times_ns, fields, begin, end));
    }
    return {};
  }

  /// Short series are gathered until a page is full; then their cells are added column by column.
  Result<void> append_slices(std::span<const SeriesSlice> slices,
                             std::span<const int64_t> times_ns,
                             std::span<const ColumnView> fields) override {
    if (has_texts_) return SstWriter::append_slices(slices, times_ns, fields);
    size_t begin = 0;
    size_t end = 0;
    for (const SeriesSlice& slice : slices) {
      if (times_.row_count() + (end - begin) + slice.row_count > page_rows_max_) {
        append_all_cells(times_ns, fields, begin, end);
        begin = end;
        TRY_VOID(write_page());
      }
      if (slice.row_count > page_rows_max_) {
        TRY_VOID(append_slice(slice, times_ns, fields));
        begin = end = slice.row_begin + slice.row_count;
        continue;
      }
      note_rows(slice.series, times_.row_count() + (end - begin), slice.row_count,
                slice.tag_numbers);
      end += slice.row_count;
    }
    append_all_cells(times_ns, fields, begin, end);
    return {};
  }

  Result<void> append_page(SeriesPage page) override {
    CHECK(page.row_count > 0 && page.row_count <= page_rows_max_);
    TRY_VOID(write_page());
    for (size_t field = 0; field < fields_.size(); ++field) {
      if (!is_absent_page(page.pages[field + 1])) has_cells_[field] = true;
    }
    add_rows(page.series,
             {.row_group = static_cast<uint32_t>(page_row_counts_.size()),
              .row_begin = 0,
              .row_count = page.row_count,
              .time_first_ns = page.time_first_ns,
              .time_last_ns = page.time_last_ns,
              .summaries_begin = std::nullopt},
             page.summaries, {});
    rows_.add_page(std::move(page.pages));
    page_row_counts_.push_back(page.row_count);
    return rows_.is_full() ? write_rows() : Result<void>();
  }

  Result<SstSummary> finish() override {
    TRY_VOID(write_page());
    if (!rows_.is_empty()) TRY_VOID(write_rows());
    if (summary_.row_count == 0) {
      return fail(ErrorCode::kInternal, "sorted file " + options_.path + " has no rows");
    }
    TRY_VOID(write_directory());
    summary_.size_bytes = TRY(output_->finish([&] { return rows_.writer().Close(); }));
    summary_.series_count = directory_.series_count();
    for (size_t field = 0; field < fields_.size(); ++field) {
      if (has_cells_[field]) summary_.fields_present.push_back(fields_[field].id);
    }
    std::sort(summary_.fields_present.begin(), summary_.fields_present.end());
    return summary_;
  }

 private:
  /// Rows of one series in the page that is being filled.
  struct Run {
    KeyHash hash;
    size_t key_begin = 0;  // In run_keys_.
    size_t key_size = 0;
    size_t numbers_begin = 0;  // In run_numbers_.
    size_t numbers_count = 0;
    size_t row_begin = 0;
    size_t row_count = 0;
  };

  /// Ends the page early where texts become too many; a page has at least one row.
  Result<void> append_rows(const SeriesRef& series, std::span<const int64_t> times_ns,
                           std::span<const ColumnView> fields, size_t begin, size_t end) {
    const size_t text_bytes = text_bytes_of(fields, begin, end);
    if (text_bytes > kTextBytesMax && end - begin > 1) {
      const size_t middle = begin + (end - begin) / 2;
      TRY_VOID(append_rows(series, times_ns, fields, begin, middle));
      return append_rows(series, times_ns, fields, middle, end);
    }
    if (times_.row_count() > 0 && text_bytes_ + text_bytes > kTextBytesMax) {
      TRY_VOID(write_page());
    }
    note_rows(series, times_.row_count(), end - begin, {});
    append_all_cells(times_ns, fields, begin, end);
    text_bytes_ += text_bytes;
    return {};
  }

  /// The series has the next rows of the page, from `row_begin` on.
  void note_rows(const SeriesRef& series, size_t row_begin, size_t row_count,
                 std::span<const uint32_t> tag_numbers) {
    if (runs_.empty() || runs_.back().hash != series.hash) {
      runs_.push_back({.hash = series.hash,
                       .key_begin = run_keys_.size(),
                       .key_size = series.key.size(),
                       .numbers_begin = run_numbers_.size(),
                       .numbers_count = tag_numbers.size(),
                       .row_begin = row_begin});
      run_keys_ += series.key;
      run_numbers_.insert(run_numbers_.end(), tag_numbers.begin(), tag_numbers.end());
    }
    runs_.back().row_count += row_count;
  }

  void append_all_cells(std::span<const int64_t> times_ns, std::span<const ColumnView> fields,
                        size_t begin, size_t end) {
    if (begin == end) return;
    std::memcpy(times_.append_uninitialized(end - begin), times_ns.data() + begin,
                (end - begin) * 8);
    for (size_t field = 0; field < fields_.size(); ++field) {
      append_cells(field, fields[field].slice(begin, end));
    }
  }

  size_t text_bytes_of(std::span<const ColumnView> fields, size_t begin, size_t end) const {
    size_t size_bytes = 0;
    for (const ColumnView& cells : fields) {
      if (!is_variable_size(cells.type)) continue;
      for (size_t row = begin; row < end; ++row) {
        size_bytes += cells.as<std::string_view>()[row].size();
      }
    }
    return size_bytes;
  }

  void append_cells(size_t field, const ColumnView& part) {
    for (size_t row = 0; row < part.row_count && !has_cells_[field]; ++row) {
      if (part.state(row) != CellState::kAbsent) has_cells_[field] = true;
    }
    cells_[field].append_view(part);
  }

  void add_run(const Run& run) {
    const auto times = times_.view().as<int64_t>().subspan(run.row_begin, run.row_count);
    std::vector<FieldSummary> summaries;
    if (run.row_count >= SeriesDirectory::kSummaryRowsMin) {
      for (const ColumnVector& cells : cells_) {
        const auto part = cells.view().slice(run.row_begin, run.row_begin + run.row_count);
        if (const auto known = summarize(part)) summaries.push_back(*known);
      }
    }
    const SeriesRef series{.hash = run.hash,
                           .key = std::string_view(run_keys_).substr(run.key_begin, run.key_size)};
    const auto [first, last] = std::minmax(times.front(), times.back());
    const SeriesRows rows{.row_group = static_cast<uint32_t>(page_row_counts_.size()),
                          .row_begin = static_cast<uint32_t>(run.row_begin),
                          .row_count = static_cast<uint32_t>(run.row_count),
                          .time_first_ns = first,
                          .time_last_ns = last,
                          .summaries_begin = std::nullopt};
    add_rows(series, rows, summaries,
             std::span(run_numbers_).subspan(run.numbers_begin, run.numbers_count));
  }

  void add_rows(const SeriesRef& series, const SeriesRows& rows,
                std::span<const FieldSummary> summaries, std::span<const uint32_t> tag_numbers) {
    directory_.add_rows(series, rows, summaries);
    rows_.add_series(series, rows, summaries, tag_numbers);
    if (summary_.row_count == 0) {
      summary_.time_first_ns = rows.time_first_ns;
      summary_.time_last_ns = rows.time_last_ns;
    }
    summary_.time_first_ns = std::min(summary_.time_first_ns, rows.time_first_ns);
    summary_.time_last_ns = std::max(summary_.time_last_ns, rows.time_last_ns);
    summary_.row_count += rows.row_count;
  }

  Result<void> write_page() {
    if (times_.row_count() == 0) return {};
    for (const Run& run : runs_) add_run(run);
    std::vector<std::string> pages = {encode_page(times_.view())};
    for (const ColumnVector& cells : cells_) pages.push_back(encode_page(cells.view()));
    rows_.add_page(std::move(pages));
    page_row_counts_.push_back(times_.row_count());
    times_.clear();
    for (ColumnVector& cells : cells_) cells.clear();
    runs_.clear();
    run_keys_.clear();
    run_numbers_.clear();
    text_bytes_ = 0;
    return rows_.is_full() ? write_rows() : Result<void>();
  }

  Result<void> write_rows() {
    TRY_VOID(output_->from_arrow(rows_.write(output_->stream(), chunks_)));
    return directory_.write_full(output_->sink());
  }

  Result<void> write_directory() {
    const DirectoryIndex index = TRY(directory_.finish(output_->sink()));
    std::string plain;
    ByteWriter writer(plain);
    writer.varint(page_row_counts_.size());
    for (const size_t row_count : page_row_counts_) writer.varint(row_count);
    writer.raw(encode_block(index, chunks_));
    auto texts =
        footer_texts(options_, TRY(output_->write_index_block(plain, options_.zstd_level)));
    std::string types;
    for (const SstColumn& field : fields_) {
      types += (types.empty() ? "" : " ") + std::to_string(raw(field.id)) + " " +
               std::to_string(static_cast<unsigned>(field.type));
    }
    texts.emplace_back("varve.fields", types);
    return output_->from_arrow(rows_.writer().AddKeyValueMetadata(key_values(texts)));
  }

  const SstWriterOptions options_;
  const std::unique_ptr<SstOutput> output_;
  const std::vector<SstColumn> fields_;
  PackedRows rows_;
  DirectoryWriter directory_;
  const size_t page_rows_max_;
  bool has_texts_ = false;
  // The page that is being filled.
  std::vector<Run> runs_;
  std::string run_keys_;
  std::vector<uint32_t> run_numbers_;
  ColumnVector times_;
  std::vector<ColumnVector> cells_;
  size_t text_bytes_ = 0;
  // The file so far.
  std::vector<size_t> page_row_counts_;
  std::vector<SstChunk> chunks_;
  std::vector<bool> has_cells_;
  SstSummary summary_;
};

}  // namespace

std::unique_ptr<SstWriter> make_packed_writer(SstWriterOptions options,
                                              std::unique_ptr<SstOutput> output) {
  return std::make_unique<PackedSstWriter>(std::move(options), std::move(output));
}

}  // namespace varve::engine
