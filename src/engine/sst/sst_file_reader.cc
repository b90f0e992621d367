// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_file_reader.h"

#include <utility>

#include "base/checksum.h"

namespace varve::engine {

void SstFileReader::add_field(SstColumn field) {
  field_of_[raw(field.id)] = static_cast<int>(fields_.size());
  numeric_fields_ += is_summarized(field.type) ? 1 : 0;
  fields_.push_back(std::move(field));
}

Result<std::string> SstFileReader::load_index_block() const {
  auto plain = read_index_block(*file_, footer_.block);
  if (!plain) return fail(plain.error().code, path_ + ": " + plain.error().message);
  return plain;
}

Result<void> SstFileReader::load_block(std::string_view plain) {
  auto block = decode_block(plain, TRY(file_->size_bytes()), row_count());
  if (!block) return corrupt(block.error().message);
  chunks_ = std::move(block->chunks);
  directory_ = std::move(block->directory);
  return check_chunks();
}

Result<void> SstFileReader::load_block_format1(std::string_view plain) {
  const SstBlockPlace& place = footer_.block;
  auto block = decode_block_format1(plain);
  if (!block) return corrupt(block.error().message);
  chunks_ = std::move(block->chunks);
  directory_ =
      DirectoryIndex::of_one_block({.first = {},
                                    .offset = place.offset,
                                    .row_begin = 0,
                                    .size_bytes = static_cast<uint32_t>(place.size_bytes),
                                    .plain_bytes = static_cast<uint32_t>(place.plain_bytes),
                                    .crc = place.crc,
                                    .series_count = 0});
  return check_chunks();
}

Result<void> SstFileReader::check_chunks() const {
  if (chunks_.size() == row_group_count() * (fields_.size() + 1)) return {};
  return corrupt("its list of column chunks has another length than its columns");
}

size_t SstFileReader::base_size_bytes() const {
  return sizeof(*this) + directory_.size_bytes() + fields_.size() * sizeof(SstColumn) +
         chunks_.size() * sizeof(SstChunk) + row_group_begins_.size() * sizeof(uint64_t);
}

Result<std::shared_ptr<const SeriesDirectory>> SstFileReader::read_directory(
    uint32_t block) const {
  const DirectoryBlockPlace& place = directory_.block(block);
  auto decoded = decode_directory(place, block + 1 == directory_.block_count()
                                             ? row_count()
                                             : directory_.block(block + 1).row_begin);
  if (!decoded) {
    if (decoded.error().code != ErrorCode::kCorrupt) return fail(decoded.error());
    return corrupt(decoded.error().message + " in the block at offset " +
                   std::to_string(place.offset));
  }
  return std::make_shared<const SeriesDirectory>(std::move(*decoded));
}

Result<SeriesDirectory> SstFileReader::decode_directory(const DirectoryBlockPlace& place,
                                                        uint64_t row_end) const {
  const std::string bytes = TRY(file_->read_at(place.offset, place.size_bytes));
  if (bytes.size() != place.size_bytes || crc32c(bytes) != place.crc) {
    return fail(ErrorCode::kCorrupt, "a checksum of the series directory is wrong");
  }
  const std::string plain = TRY(decompress_block(bytes, place.plain_bytes));
  if (footer_.format == 1) {
    const auto block = TRY(decode_block_format1(plain));
    return SeriesDirectory::decode_format1(block.directory, numeric_fields_, row_group_begins_);
  }
  auto decoded =
      SeriesDirectory::decode(plain, numeric_fields_, row_group_begins_, place.row_begin, row_end);
  if (decoded &&
      (decoded->series_count() != place.series_count || decoded->series(0).hash != place.first)) {
    return fail(ErrorCode::kCorrupt, "series directory: its index names other series");
  }
  return decoded;
}

}  // namespace varve::engine
