// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest_records.h"

#include <functional>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"

namespace varve::engine {
namespace {

constexpr uint32_t kRecordMagic = 0x314e4d56;  // "VMN1"
constexpr uint32_t kCopyMagic = 0x31434d56;    // "VMC1"
constexpr size_t kHeaderBytes = 16;
// Records of edits before it have no copies.
constexpr uint8_t kFormatWithCopies = 3;

// A record that checks out, wherever it stands.
struct GoodRecord {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  bool is_copy = false;
  bool has_copy = false;  // Or is one.
  std::string_view edit;
};

std::optional<GoodRecord> good_record_at(std::string_view bytes, uint64_t offset) {
  const auto header = bytes.substr(offset, kHeaderBytes);
  ByteReader in(header);
  const uint32_t magic = in.u32();
  if (magic != kRecordMagic && magic != kCopyMagic) return std::nullopt;
  const uint32_t size = in.u32();
  const uint32_t edit_crc = in.u32();
  if (in.u32() != crc32c(header.substr(0, 12))) return std::nullopt;
  if (size == 0 || size > bytes.size() - offset - kHeaderBytes) return std::nullopt;
  const auto edit = bytes.substr(offset + kHeaderBytes, size);
  if (crc32c(edit) != edit_crc) return std::nullopt;
  return GoodRecord{.offset = offset,
                    .size_bytes = kHeaderBytes + size,
                    .is_copy = magic == kCopyMagic,
                    .has_copy = static_cast<uint8_t>(edit[0]) >= kFormatWithCopies,
                    .edit = edit};
}

// Tells edits and their copies apart, and what is lost between them.
class ManifestWalk {
 public:
  using OnEdit = std::function<void(const GoodRecord&, DecodedEdit)>;
  explicit ManifestWalk(OnEdit on_edit) : on_edit_(std::move(on_edit)) {}

  Result<void> walk(std::string_view bytes) {
    for (uint64_t offset = 0; bytes.size() - offset >= kHeaderBytes;) {
      const auto record = good_record_at(bytes, offset);
      auto decoded = record ? decode_manifest_edit(record->edit)
                            : Result<DecodedEdit>(fail(ErrorCode::kCorrupt, ""));
      if (!decoded && decoded.error().code == ErrorCode::kUnsupported) {
        return fail(decoded.error());
      }
      if (!decoded) {
        ++offset;
        continue;
      }
      take(*record, std::move(*decoded));
      offset = end_;
    }
    return {};
  }
  const std::vector<ManifestDamage>& damage() const { return damage_; }
  uint64_t end() const { return end_; }

 private:
  void take(const GoodRecord& record, DecodedEdit decoded) {
    // What may be missing with nothing lost: the copy of the last edit, the original of this copy.
    const uint64_t last_copy = awaited_copy_bytes_;
    const bool repeats = record.is_copy && record.offset == end_ && last_copy > 0;
    const uint64_t original = record.is_copy ? record.size_bytes : 0;
    if (record.offset != end_) {
      const uint64_t gap = record.offset - end_;
      damage_.push_back({.begin = end_,
                         .end = record.offset,
                         .is_loss = gap != original + last_copy});
    }
    awaited_copy_bytes_ = record.has_copy && !record.is_copy ? record.size_bytes : 0;
    end_ = record.offset + record.size_bytes;
    if (!repeats) on_edit_(record, std::move(decoded));
  }

  const OnEdit on_edit_;
  std::vector<ManifestDamage> damage_;
  uint64_t end_ = 0;
  uint64_t awaited_copy_bytes_ = 0;  // 0: none is to come.
};

}  // namespace

void append_manifest_record(std::string_view edit, std::string& out) {
  for (const uint32_t magic : {kRecordMagic, kCopyMagic}) {
    ByteWriter writer(out);
    const size_t begin = out.size();
    writer.u32(magic);
    writer.u32(static_cast<uint32_t>(edit.size()));
    writer.u32(crc32c(edit));
    writer.u32(crc32c(std::string_view(out).substr(begin)));
    writer.raw(edit);
  }
}

std::string to_string(const ManifestDamage& damage) {
  return "from byte " + std::to_string(damage.begin) + " to " + std::to_string(damage.end) +
         (damage.is_loss ? "; the edits around it are applied, those in it are lost"
                         : "; all that stood there has a good copy beside it");
}

Result<std::vector<ManifestRecord>> list_manifest_records(std::string_view bytes) {
  std::vector<ManifestRecord> records;
  ManifestWalk walk([&](const GoodRecord& record, DecodedEdit decoded) {
    records.push_back({.offset = record.offset,
                       .size_bytes = record.size_bytes,
                       .decoded = std::move(decoded)});
  });
  TRY_VOID(walk.walk(bytes));
  return records;
}

Result<ManifestScan> scan_manifest(std::string_view bytes) {
  ManifestScan scan;
  ManifestWalk walk([&](const GoodRecord&, DecodedEdit decoded) {
    scan.state.apply(decoded.edit);
    scan.state.raise_sst_id_next(decoded.sst_id_next);
  });
  TRY_VOID(walk.walk(bytes));
  scan.damage = walk.damage();
  scan.end = walk.end();
  return scan;
}

}  // namespace varve::engine
