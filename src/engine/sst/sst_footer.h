// SPDX-License-Identifier: Apache-2.0
// What stands in an SST's Parquet footer as key-value metadata. Bytes: docs/formats/sst.md.
// Threads: pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/sst/sst_layout.h"
#include "engine/sst/sst_writer.h"
#include "io/file_system.h"

namespace varve::engine {

/// Where our index block lies.
struct SstBlockPlace {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  uint64_t plain_bytes = 0;
  uint32_t crc = 0;
};

inline constexpr uint64_t kSstFormat = 2;

using FooterTexts = std::vector<std::pair<std::string, std::string>>;

/// The keys that every layout has.
FooterTexts footer_texts(const SstWriterOptions& options, const SstBlockPlace& block);

/// What Varve needs of them.
struct SstFooter {
  uint64_t format = 0;
  SstLayout layout = SstLayout::kColumnar;
  TableId table{};
  SegmentId segment{};
  Version version_first;
  Version version_last;
  std::vector<uint64_t> tag_ids;
  SstBlockPlace block;
  std::optional<SstOrigin> origin;  ///< Files of before have none.
};

/// Gives the value of a key, or nothing.
using FooterLookup = std::function<std::optional<std::string>(const char* key)>;

/// kCorrupt or kUnsupported, to be said of a path.
Result<SstFooter> decode_footer(const FooterLookup& lookup);
/// That many numbers, or kCorrupt.
Result<std::vector<uint64_t>> footer_numbers(const FooterLookup& lookup, const char* key,
                                             size_t count);

/// Our index block, decompressed, once it and the Parquet footer behind it have proved sound.
Result<std::string> read_index_block(const File& file, const SstBlockPlace& place);

/// "12 34 56" or "12.34" as numbers, up to the first thing that is none.
std::vector<uint64_t> parse_numbers(std::string_view text);

}  // namespace varve::engine
