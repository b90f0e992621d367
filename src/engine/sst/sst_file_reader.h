// SPDX-License-Identifier: Apache-2.0
// What readers of all layouts have in common: the footer, the fields, the places of the chunks and
// the series directory in blocks. A layout decodes its columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/sst/sst_block.h"
#include "engine/sst/sst_footer.h"
#include "engine/sst/sst_reader.h"

namespace varve::engine {

class SstFileReader : public SstReader {
 public:
  const std::string& path() const override { return path_; }
  SstLayout layout() const override { return footer_.layout; }
  TableId table() const override { return footer_.table; }
  SegmentId segment() const override { return footer_.segment; }
  Version version_first() const override { return footer_.version_first; }
  Version version_last() const override { return footer_.version_last; }
  std::optional<SstOrigin> origin() const override { return footer_.origin; }
  uint64_t row_count() const override { return row_group_begins_.back(); }
  uint32_t row_group_count() const override {
    return static_cast<uint32_t>(row_group_begins_.size() - 1);
  }
  uint32_t row_group_rows(uint32_t row_group) const override {
    return static_cast<uint32_t>(row_group_begins_[row_group + 1] - row_group_begins_[row_group]);
  }
  const std::vector<SstColumn>& fields() const override { return fields_; }
  int field_index(ColumnId id) const override {
    const auto found = field_of_.find(raw(id));
    return found == field_of_.end() ? -1 : found->second;
  }
  const DirectoryIndex& directory() const override { return directory_; }
  Result<std::shared_ptr<const SeriesDirectory>> read_directory(uint32_t block) const override;

 protected:
  SstFileReader(std::string path, std::shared_ptr<File> file, SstFooter footer)
      : path_(std::move(path)), file_(std::move(file)), footer_(std::move(footer)) {}

  // While loading.
  void add_field(SstColumn field);
  void add_row_group(uint64_t rows) {
    row_group_begins_.push_back(row_group_begins_.back() + rows);
  }
  /// Our index block, decompressed; errors name the file.
  Result<std::string> load_index_block() const;
  /// Chunks and index of the directory, in format 2.
  Result<void> load_block(std::string_view plain);
  /// The same of format 1, whose directory is no more than a part of that block.
  Result<void> load_block_format1(std::string_view plain);

  const File& file() const { return *file_; }
  const SstFooter& footer() const { return footer_; }
  const std::vector<SstChunk>& chunks() const { return chunks_; }
  /// `column`: 0 for time, then the fields.
  const SstChunk& chunk(uint32_t row_group, size_t column) const {
    return chunks_[row_group * (fields_.size() + 1) + column];
  }
  /// Bytes held by what stands here.
  size_t base_size_bytes() const;
  tl::unexpected<Error> corrupt(const std::string& what) const {
    return fail(ErrorCode::kCorrupt, path_ + ": " + what);
  }

 private:
  Result<void> check_chunks() const;
  Result<SeriesDirectory> decode_directory(const DirectoryBlockPlace& place,
                                           uint64_t row_end) const;

  const std::string path_;
  const std::shared_ptr<File> file_;
  const SstFooter footer_;
  std::vector<SstColumn> fields_;
  std::unordered_map<uint32_t, int> field_of_;
  size_t numeric_fields_ = 0;
  std::vector<uint64_t> row_group_begins_ = {0};  // The last number counts all rows.
  std::vector<SstChunk> chunks_;
  DirectoryIndex directory_;
};

}  // namespace varve::engine
