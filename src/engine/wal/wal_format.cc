// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/wal_format.h"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"

namespace varve::engine {
namespace {

constexpr std::string_view kSegmentMagic = "VARVEWAL";
constexpr uint32_t kSegmentFormat = 1;
constexpr uint32_t kRecordMagic = 0x31525756;  // "VWR1"
constexpr uint8_t kBodyFormat = 1;
constexpr size_t kAlignment = 8;
constexpr std::string_view kSuffix = ".wal";

size_t padded(size_t size_bytes) { return (size_bytes + kAlignment - 1) & ~(kAlignment - 1); }

// Requires four bytes at the offset.
bool has_magic(std::string_view bytes, uint64_t offset) {
  uint32_t magic = 0;
  std::memcpy(&magic, bytes.data() + offset, sizeof magic);
  return magic == kRecordMagic;
}

// The record at an offset, when it is whole and of this segment.
std::optional<WalRecord> record_at(std::string_view bytes, uint64_t offset,
                                   const WalSegmentName& name) {
  if (bytes.size() - offset < kWalRecordHeaderBytes) return std::nullopt;
  const auto header = bytes.substr(offset, kWalRecordHeaderBytes);
  ByteReader in(header);
  if (in.u32() != kRecordMagic) return std::nullopt;
  const uint32_t body_bytes = in.u32();
  const uint64_t generation = in.u64();
  const uint64_t lsn = in.u64();
  const uint32_t body_crc = in.u32();
  const uint32_t header_crc = in.u32();
  if (generation != name.generation) return std::nullopt;
  if (header_crc != crc32c(header.substr(0, kWalRecordHeaderBytes - 4), name.salt)) {
    return std::nullopt;
  }
  if (body_bytes > bytes.size() - offset - kWalRecordHeaderBytes) return std::nullopt;
  const auto body = bytes.substr(offset + kWalRecordHeaderBytes, body_bytes);
  if (crc32c(body, name.salt) != body_crc) return std::nullopt;
  return WalRecord{.lsn = Lsn{lsn}, .offset = offset, .body = body};
}

// True when a record of this segment was begun here. What a recycled file holds from before has
// another generation.
bool is_begun(std::string_view bytes, uint64_t offset, const WalSegmentName& name) {
  if (bytes.size() - offset < 16) return false;
  ByteReader in(bytes.substr(offset, 16));
  if (in.u32() != kRecordMagic) return false;
  in.u32();
  return in.u64() == name.generation;
}

template <class Number>
bool parse_hex(std::string_view text, Number& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

}  // namespace

std::string WalSegmentName::file_name() const {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx-%08x.wal", static_cast<unsigned long long>(generation),
                salt);
  return text;
}

Result<WalSegmentName> WalSegmentName::parse(std::string_view file_name) {
  WalSegmentName name;
  if (file_name.size() != 29 || !file_name.ends_with(kSuffix) || file_name[16] != '-' ||
      !parse_hex(file_name.substr(0, 16), name.generation) ||
      !parse_hex(file_name.substr(17, 8), name.salt)) {
    return fail(ErrorCode::kInvalidInput, "not a WAL segment: " + std::string(file_name));
  }
  return name;
}

std::string encode_wal_segment_header(const WalSegmentName& name) {
  std::string out;
  ByteWriter writer(out);
  writer.raw(kSegmentMagic);
  writer.u32(kSegmentFormat);
  writer.u64(name.generation);
  writer.u32(name.salt);
  writer.u32(crc32c(out));
  out.resize(kWalSegmentHeaderBytes, '\0');
  return out;
}

Result<void> check_wal_segment_header(std::string_view bytes) {
  if (bytes.size() < kWalSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) return {};
  ByteReader in(bytes.substr(kSegmentMagic.size()));
  const uint32_t format = in.u32();
  in.u64();
  in.u32();
  if (in.u32() != crc32c(bytes.substr(0, 24)) || format <= kSegmentFormat) return {};
  return fail(ErrorCode::kUnsupported, "WAL segment has format " + std::to_string(format) +
                                           "; this version of Varve reads up to " +
                                           std::to_string(kSegmentFormat));
}

size_t wal_record_bytes(size_t body_bytes) { return padded(kWalRecordHeaderBytes + body_bytes); }

void write_wal_record(const WalSegmentName& name, Lsn lsn, std::string_view body, char* out) {
  CHECK(body.size() <= UINT32_MAX);
  std::string header;
  ByteWriter writer(header);
  writer.u32(kRecordMagic);
  writer.u32(static_cast<uint32_t>(body.size()));
  writer.u64(name.generation);
  writer.u64(raw(lsn));
  writer.u32(crc32c(body, name.salt));
  writer.u32(crc32c(header, name.salt));
  std::memcpy(out, header.data(), header.size());
  std::memcpy(out + header.size(), body.data(), body.size());
  const size_t end = header.size() + body.size();
  std::memset(out + end, 0, wal_record_bytes(body.size()) - end);
}

void append_wal_record(const WalSegmentName& name, Lsn lsn, std::string_view body,
                       std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + wal_record_bytes(body.size()));
  write_wal_record(name, lsn, body, out.data() + begin);
}

WalScan scan_wal_segment(std::string_view bytes, const WalSegmentName& name) {
  WalScan scan;
  uint64_t lsn_last = 0;
  uint64_t offset = std::min(bytes.size(), kWalSegmentHeaderBytes);
  scan.end = offset;
  while (offset < bytes.size()) {
    // Behind the last record much may follow that is none.
    while (bytes.size() - offset > kAlignment && !has_magic(bytes, offset)) offset += kAlignment;
    const auto record = record_at(bytes, offset, name);
    if (!record || raw(record->lsn) <= lsn_last) {
      offset += kAlignment;
      continue;
    }
    if (offset != scan.end) scan.damage.push_back({.begin = scan.end, .end = offset});
    scan.records.push_back(*record);
    lsn_last = raw(record->lsn);
    offset += wal_record_bytes(record->body.size());
    scan.end = std::min<uint64_t>(offset, bytes.size());
  }
  scan.torn = is_begun(bytes, scan.end, name);
  return scan;
}

void encode_wal_body(const std::vector<WriteBatch>& batches, std::string& out) {
  ByteWriter writer(out);
  writer.u8(kBodyFormat);
  writer.varint(batches.size());
  for (const WriteBatch& batch : batches) {
    // The length is known only afterwards: it gets a fixed place.
    const size_t at = out.size();
    writer.u32(0);
    encode_write_batch(batch, out);
    const auto size = static_cast<uint32_t>(out.size() - at - sizeof(uint32_t));
    std::memcpy(out.data() + at, &size, sizeof size);
  }
}

Result<std::vector<WriteBatch>> decode_wal_body(std::string_view body) {
  ByteReader in(body);
  if (const uint8_t format = in.u8(); format != kBodyFormat) {
    return fail(ErrorCode::kCorrupt, "WAL record has an unknown format " + std::to_string(format));
  }
  const uint64_t batch_count = in.varint();
  std::vector<WriteBatch> batches;
  for (uint64_t i = 0; i < batch_count; ++i) {
    const auto bytes = in.raw(in.u32());
    if (in.failed()) return fail(ErrorCode::kCorrupt, "WAL record ends inside a batch");
    batches.push_back(TRY(decode_write_batch(bytes)));
  }
  if (in.failed()) return fail(ErrorCode::kCorrupt, "WAL record ends too early");
  if (!in.at_end()) return fail(ErrorCode::kCorrupt, "WAL record has bytes after its end");
  return batches;
}

}  // namespace varve::engine
