// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/directory_index.h"

#include <algorithm>

#include "base/check.h"

namespace varve::engine {
namespace {

// A split block Bloom filter: one bit in each of eight words.
// Source: Apache Parquet, "Bloom Filter", section "Technical Approach".
constexpr uint32_t kSalts[] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                               0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

uint32_t bit_of(uint64_t hash, size_t word) {
  return uint32_t{1} << (static_cast<uint32_t>(hash) * kSalts[word] >> 27);
}

size_t block_of(uint64_t hash, size_t block_count) {
  return static_cast<size_t>((hash >> 32) * block_count >> 32);
}

}  // namespace

void DirectoryIndex::add(const DirectoryBlockPlace& block,
                         const std::vector<uint64_t>& hashes_low) {
  CHECK(block.series_count == hashes_low.size());
  CHECK(blocks_.empty() || blocks_.back().first < block.first);
  blocks_.push_back(block);
  series_count_ += block.series_count;
  filter_begins_.push_back(static_cast<uint32_t>(filter_.size()));
  const size_t count = filter_blocks(block.series_count);
  filter_.resize(filter_.size() + count * kFilterWords);
  uint32_t* const words = filter_.data() + filter_begins_.back();
  for (const uint64_t hash : hashes_low) {
    uint32_t* const target = words + block_of(hash, count) * kFilterWords;
    for (size_t word = 0; word < kFilterWords; ++word) target[word] |= bit_of(hash, word);
  }
}

std::optional<uint32_t> DirectoryIndex::find(const KeyHash& hash) const {
  const auto after = std::upper_bound(
      blocks_.begin(), blocks_.end(), hash,
      [](const KeyHash& wanted, const DirectoryBlockPlace& block) { return wanted < block.first; });
  if (after == blocks_.begin()) return std::nullopt;
  const auto index = static_cast<uint32_t>(after - blocks_.begin() - 1);
  if (filter_.empty()) return index;
  const size_t count = filter_blocks(blocks_[index].series_count);
  const uint32_t* const words =
      filter_.data() + filter_begins_[index] + block_of(hash.low, count) * kFilterWords;
  for (size_t word = 0; word < kFilterWords; ++word) {
    if ((words[word] & bit_of(hash.low, word)) == 0) return std::nullopt;
  }
  return index;
}

size_t DirectoryIndex::size_bytes() const {
  return sizeof *this + blocks_.capacity() * sizeof(DirectoryBlockPlace) +
         (filter_begins_.capacity() + filter_.capacity()) * sizeof(uint32_t);
}

void DirectoryIndex::encode(std::string& out) const {
  ByteWriter writer(out);
  writer.varint(blocks_.size());
  uint64_t row_before = 0;
  for (const DirectoryBlockPlace& block : blocks_) {
    writer.u64(block.first.high);
    writer.u64(block.first.low);
    writer.varint(block.offset);
    writer.varint(block.size_bytes);
    writer.varint(block.plain_bytes);
    writer.u32(block.crc);
    writer.varint(block.series_count);
    writer.varint(block.row_begin - row_before);
    row_before = block.row_begin;
  }
  for (const uint32_t word : filter_) writer.u32(word);
}

Result<DirectoryIndex> DirectoryIndex::decode(ByteReader& reader, uint64_t file_bytes,
                                              uint64_t row_count) {
  const auto corrupt = [](const char* what) {
    return fail(ErrorCode::kCorrupt, std::string("index of the series directory: ") + what);
  };
  DirectoryIndex index;
  const uint64_t block_count = reader.varint();
  // Each takes at least 25 bytes.
  if (block_count == 0 || block_count > reader.remaining_bytes() / 25) {
    return corrupt("it counts more blocks than it has bytes for");
  }
  index.blocks_.reserve(block_count);
  uint64_t row = 0;
  uint64_t filter_words = 0;
  for (uint64_t number = 0; number < block_count; ++number) {
    DirectoryBlockPlace block;
    block.first.high = reader.u64();
    block.first.low = reader.u64();
    block.offset = reader.varint();
    block.size_bytes = static_cast<uint32_t>(reader.varint());
    block.plain_bytes = static_cast<uint32_t>(reader.varint());
    block.crc = reader.u32();
    block.series_count = static_cast<uint32_t>(reader.varint());
    row += reader.varint();
    block.row_begin = row;
    if (block.offset > file_bytes || block.size_bytes > file_bytes - block.offset) {
      return corrupt("a block would lie outside the file");
    }
    const bool rises = number == 0 || index.blocks_.back().first < block.first;
    if (!rises || block.series_count == 0 || row >= row_count || (number == 0 && row != 0)) {
      return corrupt("its blocks contradict each other");
    }
    index.blocks_.push_back(block);
    index.series_count_ += block.series_count;
    index.filter_begins_.push_back(static_cast<uint32_t>(filter_words));
    filter_words += filter_blocks(block.series_count) * kFilterWords;
  }
  if (reader.failed() || filter_words > reader.remaining_bytes() / sizeof(uint32_t)) {
    return corrupt("it is cut short");
  }
  index.filter_.reserve(filter_words);
  for (uint64_t word = 0; word < filter_words; ++word) index.filter_.push_back(reader.u32());
  return index;
}

DirectoryIndex DirectoryIndex::of_one_block(const DirectoryBlockPlace& block) {
  DirectoryIndex index;
  index.blocks_.push_back(block);
  index.series_count_ = block.series_count;
  return index;
}

}  // namespace varve::engine
