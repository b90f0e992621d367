// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog_log.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"

namespace varve {
namespace {

constexpr uint32_t kRecordMagic = 0x314c4356;  // "VCL1"
constexpr uint32_t kCopyMagic = 0x31434356;    // "VCC1"
constexpr size_t kHeaderBytes = 16;
constexpr uint8_t kFormat = 1;
constexpr uint64_t kFileBytesMax = 4ull << 20;
constexpr size_t kPartBytes = 256 * 1024;
// Bounds what is reserved for a number that a file says.
constexpr uint64_t kReserveMax = 1'024;

enum class Kind : uint8_t { kSnapshotPart = 1, kSnapshotEnd = 2, kChange = 3 };
enum class Operation : uint8_t { kRemove = 0, kPut = 1 };

struct Body {
  Kind kind{};
  uint64_t generation = 0;
  uint64_t part = 0;  // Of a snapshot.
  std::vector<CatalogEdit> edits;
};

struct GoodRecord {
  uint64_t size_bytes = 0;
  bool is_copy = false;
  Body body;
};

void append_record(uint32_t magic, std::string_view body, std::string& out) {
  ByteWriter writer(out);
  const size_t begin = out.size();
  writer.u32(magic);
  writer.u32(static_cast<uint32_t>(body.size()));
  writer.u32(crc32c(body));
  writer.u32(crc32c(std::string_view(out).substr(begin)));
  writer.raw(body);
}

std::string body_head(Kind kind, uint64_t generation) {
  std::string body;
  ByteWriter writer(body);
  writer.u8(kFormat);
  writer.u8(static_cast<uint8_t>(kind));
  writer.u64(generation);
  return body;
}

// Nothing when the bytes make no sense although their checksum is right.
Result<std::optional<Body>> decode_body(std::string_view bytes) {
  ByteReader in(bytes);
  if (const uint8_t format = in.u8(); format > kFormat) {
    return fail(ErrorCode::kUnsupported, "a newer Varve wrote it: format " +
                                             std::to_string(format));
  }
  Body body;
  body.kind = static_cast<Kind>(in.u8());
  body.generation = in.u64();
  if (body.kind != Kind::kChange) body.part = in.varint();
  const uint64_t count = in.varint();
  body.edits.reserve(std::min(count, kReserveMax));
  for (uint64_t i = 0; i < count && !in.failed(); ++i) {
    const bool is_put = static_cast<Operation>(in.u8()) == Operation::kPut;
    CatalogEdit& edit = body.edits.emplace_back();
    edit.key = std::string(in.string());
    if (is_put) edit.value = std::string(in.string());
  }
  if (in.failed() || body.kind < Kind::kSnapshotPart || body.kind > Kind::kChange) {
    return std::nullopt;
  }
  return body;
}

Result<std::optional<GoodRecord>> good_record_at(std::string_view bytes, uint64_t offset) {
  const auto header = bytes.substr(offset, kHeaderBytes);
  ByteReader in(header);
  const uint32_t magic = in.u32();
  if (magic != kRecordMagic && magic != kCopyMagic) return std::nullopt;
  const uint32_t size = in.u32();
  const uint32_t body_crc = in.u32();
  if (in.u32() != crc32c(header.substr(0, 12))) return std::nullopt;
  if (size > bytes.size() - offset - kHeaderBytes) return std::nullopt;
  const auto stored = bytes.substr(offset + kHeaderBytes, size);
  if (crc32c(stored) != body_crc) return std::nullopt;
  auto body = TRY(decode_body(stored));
  if (!body) return std::nullopt;
  return GoodRecord{.size_bytes = kHeaderBytes + size,
                    .is_copy = magic == kCopyMagic,
                    .body = std::move(*body)};
}

// Puts records together, each once.
class LogWalk {
 public:
  Result<CatalogLogContent> walk(std::string_view bytes) {
    for (uint64_t offset = 0; bytes.size() - offset >= kHeaderBytes;) {
      auto record = TRY(good_record_at(bytes, offset));
      if (!record) {
        ++offset;
        continue;
      }
      if (offset != end_) {
        content_.damage.push_back("from byte " + std::to_string(end_) + " to " +
                                  std::to_string(offset));
      }
      end_ = offset + record->size_bytes;
      offset = end_;
      if (record->body.kind != Kind::kChange) content_.snapshot_bytes = end_;
      awaits_copy_ = record->body.kind == Kind::kChange && !record->is_copy;
      take(std::move(record->body));
    }
    content_.is_torn = end_ < bytes.size() || awaits_copy_;
    return std::move(content_);
  }

 private:
  void take(Body body) {
    if (body.kind == Kind::kChange) {
      const bool is_known =
          !content_.changes.empty() && content_.changes.back().generation >= body.generation;
      if (is_known) return;
      content_.changes.push_back(
          {.generation = body.generation, .edits = std::move(body.edits)});
      return;
    }
    parts_whole_ = parts_whole_ && body.part == parts_;
    parts_ = body.part + 1;
    content_.snapshot_generation = body.generation;
    content_.is_snapshot_whole = parts_whole_ && body.kind == Kind::kSnapshotEnd;
    apply({.generation = body.generation, .edits = std::move(body.edits)}, content_.snapshot);
  }

  CatalogLogContent content_;
  uint64_t end_ = 0;
  bool awaits_copy_ = false;
  uint64_t parts_ = 0;
  bool parts_whole_ = true;
};

void append_edit(const CatalogEdit& edit, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(edit.value ? Operation::kPut : Operation::kRemove));
  out.string(edit.key);
  if (edit.value) out.string(*edit.value);
}

// Writes a snapshot, part by part.
class SnapshotWriter {
 public:
  SnapshotWriter(File& file, uint64_t generation) : file_(file), generation_(generation) {}

  Result<void> add(std::string_view key, std::string_view value) {
    ByteWriter writer(entries_);
    writer.u8(static_cast<uint8_t>(Operation::kPut));
    writer.string(key);
    writer.string(value);
    ++count_;
    return entries_.size() < kPartBytes ? Result<void>() : write(Kind::kSnapshotPart);
  }
  /// Gives the size of all of it.
  Result<uint64_t> finish() {
    TRY_VOID(write(Kind::kSnapshotEnd));
    TRY_VOID(file_.sync());
    return size_bytes_;
  }

 private:
  Result<void> write(Kind kind) {
    std::string body = body_head(kind, generation_);
    ByteWriter writer(body);
    writer.varint(part_++);
    writer.varint(count_);
    writer.raw(entries_);
    std::string record;
    append_record(kRecordMagic, body, record);
    TRY_VOID(file_.write_at(size_bytes_, record));
    size_bytes_ += record.size();
    entries_.clear();
    count_ = 0;
    return {};
  }

  File& file_;
  const uint64_t generation_;
  uint64_t size_bytes_ = 0;
  uint64_t part_ = 0;
  uint64_t count_ = 0;
  std::string entries_;
};

}  // namespace

void apply(const CatalogChange& change, CatalogEntries& entries) {
  for (const CatalogEdit& edit : change.edits) {
    if (edit.value) {
      entries.insert_or_assign(edit.key, *edit.value);
    } else if (const auto known = entries.find(edit.key); known != entries.end()) {
      entries.erase(known);
    }
  }
}

Result<CatalogLogContent> read_catalog_log(std::string_view bytes) {
  return LogWalk().walk(bytes);
}

CatalogLogWriter::CatalogLogWriter(FileSystem& files, std::string path)
    : files_(files), path_(std::move(path)) {}

Result<void> CatalogLogWriter::go_on(uint64_t size_bytes, uint64_t snapshot_bytes) {
  file_ = TRY(files_.open(path_, FileSystem::OpenMode::kReadWrite));
  size_bytes_ = size_bytes;
  snapshot_bytes_ = snapshot_bytes;
  return {};
}

Result<void> CatalogLogWriter::begin(uint64_t generation, const VisitCatalogEntries& visit) {
  file_.reset();
  const std::string temporary = path_ + ".tmp";
  if (TRY(files_.exists(temporary))) TRY_VOID(files_.remove(temporary));
  auto file = TRY(files_.open(temporary, FileSystem::OpenMode::kCreate));
  SnapshotWriter writer(*file, generation);
  auto written = visit([&](std::string_view key, std::string_view value) {
    return writer.add(key, value);
  });
  auto size = written ? writer.finish() : Result<uint64_t>(fail(written.error()));
  if (!size) {
    file.reset();
    static_cast<void>(files_.remove(temporary));  // It may have taken the last bytes of the disk.
    return fail(size.error());
  }
  TRY_VOID(files_.rename(temporary, path_));
  TRY_VOID(files_.sync_directory(parent_folder(path_)));
  file_ = std::move(file);
  size_bytes_ = *size;
  snapshot_bytes_ = *size;
  return {};
}

Result<void> CatalogLogWriter::append(const CatalogChange& change) {
  CHECK(file_ != nullptr);
  std::string body = body_head(Kind::kChange, change.generation);
  ByteWriter writer(body);
  writer.varint(change.edits.size());
  for (const CatalogEdit& edit : change.edits) append_edit(edit, writer);
  std::string bytes;
  for (const uint32_t magic : {kRecordMagic, kCopyMagic}) append_record(magic, body, bytes);
  if (const auto written = file_->write_at(size_bytes_, bytes); !written) {
    cut();
    return written;
  }
  if (const auto synced = file_->sync(); !synced) {
    file_.reset();
    return synced;
  }
  size_bytes_ += bytes.size();
  last_bytes_ = bytes.size();
  return {};
}

void CatalogLogWriter::take_back() {
  size_bytes_ -= std::exchange(last_bytes_, 0);
  cut();
}

// A shorter file needs no space. What cannot be cut off goes with the next beginning.
void CatalogLogWriter::cut() {
  Result<void> done = file_->truncate(size_bytes_);
  if (done) done = file_->sync();
  if (!done) file_.reset();
}

bool CatalogLogWriter::wants_beginning() const {
  return !file_ || size_bytes_ > std::max(kFileBytesMax, 3 * snapshot_bytes_);
}

}  // namespace varve
