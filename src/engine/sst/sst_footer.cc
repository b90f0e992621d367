// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_footer.h"

#include <charconv>

#include "base/bytes.h"
#include "base/checksum.h"
#include "engine/sst/sst_block.h"

namespace varve::engine {

FooterTexts footer_texts(const SstWriterOptions& options, const SstBlockPlace& block) {
  const auto text = [](auto number) { return std::to_string(number); };
  const auto version = [&](const Version& at) { return text(at.clock) + "." + text(at.node); };
  std::string tag_ids;
  for (const SstColumn& column : options.columns) {
    if (column.kind != ColumnKind::kTag) continue;
    tag_ids += (tag_ids.empty() ? "" : " ") + text(raw(column.id));
  }
  return {{"varve.format", text(kSstFormat)},
          {"varve.layout", std::string(to_string(options.layout))},
          {"varve.table", text(raw(options.table))},
          {"varve.table_name", options.table_name},
          {"varve.segment", text(raw(options.segment))},
          {"varve.version_first", version(options.version_first)},
          {"varve.version_last", version(options.version_last)},
          {"varve.mode", text(static_cast<unsigned>(options.origin.mode))},
          {"varve.segment_range", text(options.origin.segment_range.begin_ns) + " " +
                                      text(options.origin.segment_range.end_ns)},
          {"varve.deletes_applied", version(options.origin.deletes_applied)},
          {"varve.tags", tag_ids},
          {"varve.directory", text(block.offset) + " " + text(block.size_bytes) + " " +
                                  text(block.plain_bytes) + " " + text(block.crc)}};
}

namespace {

// Nothing when the keys are not there, or make no sense: only a rebuilt manifest needs them.
std::optional<SstOrigin> decode_origin(const FooterLookup& lookup) {
  const auto mode = lookup("varve.mode");
  const auto range = lookup("varve.segment_range");
  const auto deletes = lookup("varve.deletes_applied");
  if (!mode || !range || !deletes) return std::nullopt;
  const auto modes = parse_numbers(*mode);
  const auto version = parse_numbers(*deletes);
  if (modes.size() != 1 || version.size() != 2 || modes[0] == 0 ||
      modes[0] > static_cast<uint64_t>(MergeMode::kAppend)) {
    return std::nullopt;
  }
  SstOrigin origin{.mode = static_cast<MergeMode>(modes[0]),
                   .segment_range = {},
                   .deletes_applied = {version[0], static_cast<uint16_t>(version[1])}};
  const char* const end = range->data() + range->size();
  const auto begin_parsed = std::from_chars(range->data(), end, origin.segment_range.begin_ns);
  if (begin_parsed.ec != std::errc() || begin_parsed.ptr == end) return std::nullopt;
  const auto end_parsed = std::from_chars(begin_parsed.ptr + 1, end, origin.segment_range.end_ns);
  if (end_parsed.ec != std::errc() || end_parsed.ptr != end) return std::nullopt;
  return origin;
}

}  // namespace

Result<std::vector<uint64_t>> footer_numbers(const FooterLookup& lookup, const char* key,
                                             size_t count) {
  const auto text = lookup(key);
  if (!text) return fail(ErrorCode::kCorrupt, std::string("its footer lacks '") + key + "'");
  auto numbers = parse_numbers(*text);
  if (numbers.size() != count) {
    return fail(ErrorCode::kCorrupt,
                std::string("its footer says '") + *text + "' of '" + key + "'");
  }
  return numbers;
}

Result<SstFooter> decode_footer(const FooterLookup& lookup) {
  SstFooter footer;
  footer.format = TRY(footer_numbers(lookup, "varve.format", 1))[0];
  if (footer.format < 1 || footer.format > kSstFormat) {
    return fail(ErrorCode::kUnsupported, "its format number is " + std::to_string(footer.format) +
                                             ", this program reads up to " +
                                             std::to_string(kSstFormat));
  }
  if (footer.format > 1) {
    const auto name = lookup("varve.layout");
    if (!name) return fail(ErrorCode::kCorrupt, "its footer lacks 'varve.layout'");
    const auto layout = parse_sst_layout(*name);
    if (!layout) {
      return fail(ErrorCode::kUnsupported,
                  "its layout is '" + *name + "', which this program does not read");
    }
    footer.layout = *layout;
  }
  const auto id = [&](const char* key) -> Result<uint32_t> {
    return static_cast<uint32_t>(TRY(footer_numbers(lookup, key, 1))[0]);
  };
  const auto version = [&](const char* key) -> Result<Version> {
    const auto parts = TRY(footer_numbers(lookup, key, 2));
    return Version{parts[0], static_cast<uint16_t>(parts[1])};
  };
  footer.table = TableId{TRY(id("varve.table"))};
  footer.segment = SegmentId{TRY(id("varve.segment"))};
  footer.version_first = TRY(version("varve.version_first"));
  footer.version_last = TRY(version("varve.version_last"));
  const auto tags = lookup("varve.tags");
  if (!tags) return fail(ErrorCode::kCorrupt, "its footer lacks 'varve.tags'");
  footer.tag_ids = parse_numbers(*tags);
  const auto place = TRY(footer_numbers(lookup, "varve.directory", 4));
  footer.block = {.offset = place[0],
                  .size_bytes = place[1],
                  .plain_bytes = place[2],
                  .crc = static_cast<uint32_t>(place[3])};
  footer.origin = decode_origin(lookup);
  return footer;
}

Result<std::string> read_index_block(const File& file, const SstBlockPlace& place) {
  const auto at = " at offset " + std::to_string(place.offset);
  const uint64_t file_bytes = TRY(file.size_bytes());
  if (place.offset < kFooterCrcBytes || place.offset > file_bytes ||
      place.size_bytes > file_bytes - place.offset || place.size_bytes > UINT32_MAX ||
      place.plain_bytes > UINT32_MAX) {
    return fail(ErrorCode::kCorrupt, "its series directory would lie outside the file" + at);
  }
  const std::string bytes = TRY(
      file.read_at(place.offset - kFooterCrcBytes, file_bytes - place.offset + kFooterCrcBytes));
  const auto block = std::string_view(bytes).substr(kFooterCrcBytes, place.size_bytes);
  if (crc32c(std::string_view(bytes).substr(kFooterCrcBytes + place.size_bytes)) !=
      ByteReader(bytes).u32()) {
    return fail(ErrorCode::kCorrupt, "the checksum of its footer is wrong at offset " +
                                         std::to_string(place.offset + place.size_bytes));
  }
  if (crc32c(block) != place.crc) {
    return fail(ErrorCode::kCorrupt, "the checksum of its series directory is wrong" + at);
  }
  auto plain = decompress_block(block, place.plain_bytes);
  if (!plain) return fail(plain.error().code, plain.error().message + at);
  return plain;
}

std::vector<uint64_t> parse_numbers(std::string_view text) {
  std::vector<uint64_t> numbers;
  const char* next = text.data();
  const char* const end = next + text.size();
  while (next < end) {
    uint64_t number = 0;
    const auto parsed = std::from_chars(next, end, number);
    if (parsed.ec != std::errc()) break;
    numbers.push_back(number);
    next = parsed.ptr + (parsed.ptr < end ? 1 : 0);
  }
  return numbers;
}

}  // namespace varve::engine
