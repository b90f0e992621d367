// SPDX-License-Identifier: Apache-2.0
// Reads one SST. It keeps the footer and the index of the series directory in memory and decodes a
// block of the directory or a column of a row group when asked; it does not cache what it decoded.
// Threads: safe anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/cache/cached_block.h"
#include "engine/sst/directory_index.h"
#include "engine/sst/series_directory.h"
#include "engine/sst/sst_layout.h"
#include "engine/sst/sst_writer.h"
#include "io/file_system.h"
#include "model/column_vector.h"

namespace varve::engine {

/// One column of one row group. The view is valid as long as the object.
class DecodedColumn final : public CachedBlock {
 public:
  explicit DecodedColumn(ColumnVector cells) : cells_(std::move(cells)), view_(cells_.view()) {}
  const ColumnView& view() const { return view_; }
  size_t size_bytes() const override { return cells_.size_bytes(); }

 private:
  ColumnVector cells_;
  ColumnView view_;
};

/// One series of a file, and what keeps it alive.
struct SstSeries {
  std::shared_ptr<const SeriesDirectory> directory;
  size_t index = 0;

  SeriesRef ref() const { return directory->series(index); }
  std::span<const SeriesRows> rows() const { return directory->rows(index); }
};

class SstReader {
 public:
  virtual ~SstReader() = default;
  virtual const std::string& path() const = 0;
  virtual SstLayout layout() const = 0;
  virtual TableId table() const = 0;
  virtual SegmentId segment() const = 0;
  virtual Version version_first() const = 0;
  virtual Version version_last() const = 0;
  /// Nothing in files of earlier versions.
  virtual std::optional<SstOrigin> origin() const = 0;
  virtual uint64_t row_count() const = 0;
  virtual uint32_t row_group_count() const = 0;
  virtual uint32_t row_group_rows(uint32_t row_group) const = 0;
  /// The fields, in the file's order; `field` below is an index into it.
  virtual const std::vector<SstColumn>& fields() const = 0;
  /// -1 when the file does not have that column.
  virtual int field_index(ColumnId id) const = 0;
  /// Where the blocks of the series directory are, and which series cannot be in the file.
  virtual const DirectoryIndex& directory() const = 0;
  /// Memory held besides what was handed out.
  virtual size_t size_bytes() const = 0;

  /// A block of the directory. kCorrupt, naming the file, when it fails its checksum or makes no
  /// sense; so below.
  virtual Result<std::shared_ptr<const SeriesDirectory>> read_directory(uint32_t block) const = 0;
  /// A series of the file, or nothing when the file does not have it. Decodes a block each time.
  Result<std::optional<SstSeries>> find(const KeyHash& hash) const;
  virtual Result<std::shared_ptr<const DecodedColumn>> read_times(uint32_t row_group) const = 0;
  virtual Result<std::shared_ptr<const DecodedColumn>> read_field(uint32_t row_group,
                                                                  uint32_t field) const = 0;
  /// The bytes of a page, which a checksum has proved right; `field` -1: the times. kUnsupported
  /// unless the layout is packed.
  virtual Result<std::string> read_page(uint32_t row_group, int field) const;
};

/// Walks over all series of a file by rising hash; holds one block of the directory at a time.
/// Threads: one owner.
class SeriesCursor {
 public:
  /// The reader outlives the cursor.
  explicit SeriesCursor(const SstReader& reader) : reader_(reader) {}
  /// Goes to the next series, at first to the first one; false when there is none.
  Result<bool> next();
  /// The series at which the cursor stands; views are valid as long as `directory` is held.
  const SstSeries& series() const { return series_; }

 private:
  const SstReader& reader_;
  uint32_t block_next_ = 0;
  SstSeries series_;
};

/// kCorrupt with file and offset when the footer or the index of the directory make no sense.
/// `files` outlives it.
Result<std::shared_ptr<const SstReader>> open_sst(FileSystem& files, const std::string& path);

}  // namespace varve::engine
