// SPDX-License-Identifier: Apache-2.0
// Reads one SST. It keeps the directory and the footer in memory and decodes a column of a row
// group when asked; it does not cache what it decoded.
// Threads: safe anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/sst/series_directory.h"
#include "engine/sst/sst_writer.h"
#include "io/file_system.h"
#include "model/column_vector.h"

namespace varve::engine {

/// One column of one row group. The view is valid as long as the object.
class DecodedColumn {
 public:
  explicit DecodedColumn(ColumnVector cells) : cells_(std::move(cells)), view_(cells_.view()) {}
  const ColumnView& view() const { return view_; }
  size_t size_bytes() const { return cells_.size_bytes(); }

 private:
  ColumnVector cells_;
  ColumnView view_;
};

class SstReader {
 public:
  virtual ~SstReader() = default;
  virtual const std::string& path() const = 0;
  virtual TableId table() const = 0;
  virtual SegmentId segment() const = 0;
  virtual Version version_first() const = 0;
  virtual Version version_last() const = 0;
  virtual uint64_t row_count() const = 0;
  virtual uint32_t row_group_count() const = 0;
  virtual uint32_t row_group_rows(uint32_t row_group) const = 0;
  /// The fields, in the file's order; `field` below is an index into it.
  virtual const std::vector<SstColumn>& fields() const = 0;
  /// -1 when the file does not have that column.
  virtual int field_index(ColumnId id) const = 0;
  virtual const SeriesDirectory& directory() const = 0;
  /// Memory held besides what was handed out.
  virtual size_t size_bytes() const = 0;

  /// kCorrupt, naming the file, when a page fails its checksum.
  virtual Result<std::shared_ptr<const DecodedColumn>> read_times(uint32_t row_group) const = 0;
  virtual Result<std::shared_ptr<const DecodedColumn>> read_field(uint32_t row_group,
                                                                  uint32_t field) const = 0;
};

/// kCorrupt with file and offset when footer or directory make no sense. `files` outlives it.
Result<std::shared_ptr<const SstReader>> open_sst(FileSystem& files, const std::string& path);

}  // namespace varve::engine
