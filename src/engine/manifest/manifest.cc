// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/log.h"

namespace varve::engine {
namespace {

constexpr std::string_view kHeader = "VARVEMF\x01";  // The last byte is the format number.
constexpr uint32_t kRecordMagic = 0x52464d56;        // "VMFR"
constexpr size_t kRecordHeaderBytes = 12;
constexpr std::string_view kLogPrefix = "MANIFEST-";
constexpr std::string_view kCurrent = "CURRENT";

std::string log_name(uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "MANIFEST-%06llu", static_cast<unsigned long long>(number));
  return name;
}

uint64_t log_number(std::string_view name) {
  uint64_t number = 0;
  if (!name.starts_with(kLogPrefix)) return 0;
  name.remove_prefix(kLogPrefix.size());
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() ? number : 0;
}

std::string make_record(const ManifestEdit& edit) {
  const std::string body = encode_manifest_edit(edit);
  std::string record;
  ByteWriter writer(record);
  writer.u32(kRecordMagic);
  writer.u32(static_cast<uint32_t>(body.size()));
  writer.u32(crc32c(body));
  writer.raw(body);
  return record;
}

/// The record that begins at the offset, if a sound one does.
std::optional<std::string_view> record_body(std::string_view bytes, uint64_t offset) {
  ByteReader reader(bytes.substr(offset));
  const uint32_t magic = reader.u32();
  const uint32_t size = reader.u32();
  const uint32_t crc = reader.u32();
  const std::string_view body = reader.raw(size);
  if (reader.failed() || magic != kRecordMagic || crc32c(body) != crc) return std::nullopt;
  return body;
}

/// Where the next sound record begins, behind damage.
std::optional<uint64_t> find_record(std::string_view bytes, uint64_t offset) {
  std::string magic;
  ByteWriter(magic).u32(kRecordMagic);
  for (size_t at = bytes.find(magic, offset); at != std::string_view::npos;
       at = bytes.find(magic, at + 1)) {
    if (record_body(bytes, at)) return at;
  }
  return std::nullopt;
}

}  // namespace

Result<ManifestLog> read_manifest_log(std::string_view bytes) {
  if (bytes.size() < kHeader.size() ||
      bytes.substr(0, kHeader.size() - 1) != kHeader.substr(0, kHeader.size() - 1)) {
    return fail(ErrorCode::kCorrupt, "it does not begin as a manifest at offset 0");
  }
  if (const auto format = static_cast<uint8_t>(bytes[kHeader.size() - 1]); format != 1) {
    return fail(ErrorCode::kUnsupported,
                "its format number is " + std::to_string(format) + "; this program reads 1");
  }
  ManifestLog log;
  log.good_bytes = kHeader.size();
  uint64_t offset = kHeader.size();
  while (offset < bytes.size()) {
    if (const auto body = record_body(bytes, offset)) {
      auto edit = decode_manifest_edit(*body);
      // A sound checksum over an edit that makes no sense is a newer format or a fault of ours.
      if (!edit) return fail(std::move(edit).error());
      log.edits.push_back(std::move(*edit));
      offset += kRecordHeaderBytes + body->size();
      log.good_bytes = offset;
      continue;
    }
    const auto next = find_record(bytes, offset + 1);
    if (!next) {
      log.has_torn_tail = true;
      return log;
    }
    log.damaged_offsets.push_back(offset);
    offset = *next;
  }
  return log;
}

Result<std::unique_ptr<Manifest>> Manifest::open(FileSystem& files, std::string folder) {
  auto manifest = std::unique_ptr<Manifest>(new Manifest(files, std::move(folder)));
  TRY_VOID(manifest->load());
  return manifest;
}

Result<void> Manifest::load() {
  TRY_VOID(files_.create_directories(folder_));
  const std::string name = TRY(find_log());
  if (!name.empty()) TRY_VOID(read_log(name));
  next_file_number_ = state_.next_file_number;
  // Every start begins a new log: its first record is a snapshot, so that a torn or damaged log is
  // never appended to.
  return start_new_log(state_);
}

/// The log that CURRENT names; when CURRENT is missing or names none, the newest there is; empty
/// when there is nothing at all.
Result<std::string> Manifest::find_log() {
  std::string newest;
  for (const std::string& name : TRY(files_.list(folder_))) {
    if (log_number(name) == 0) continue;
    log_number_ = std::max(log_number_, log_number(name));
    if (log_number(name) > log_number(newest)) newest = name;
  }
  const std::string current_path = join_path(folder_, kCurrent);
  has_current_ = TRY(files_.exists(current_path));
  if (has_current_) {
    std::string current = TRY(read_file(files_, current_path));
    while (!current.empty() && current.back() == '\n') current.pop_back();
    if (log_number(current) != 0 && TRY(files_.exists(join_path(folder_, current)))) return current;
    damage_.push_back(current_path + ": it names no manifest that is there; the newest is taken");
  }
  return newest;
}

Result<void> Manifest::read_log(const std::string& name) {
  const std::string path = join_path(folder_, name);
  const std::string bytes = TRY(read_file(files_, path));
  auto log = read_manifest_log(bytes);
  // The first log of all is written before CURRENT: a crash between the two may leave half of it.
  const bool is_first = !has_current_ && log_number_ == 1;
  if (!log) {
    if (is_first) return {};
    if (log.error().code == ErrorCode::kUnsupported) {
      return fail(ErrorCode::kUnsupported, path + ": " + log.error().message);
    }
    damage_.push_back(path + ": " + log.error().message);
    return {};
  }
  for (const uint64_t offset : log->damaged_offsets) {
    damage_.push_back(path + ": a damaged record at offset " + std::to_string(offset));
  }
  if (log->has_torn_tail) {
    log::warn("manifest.tail_cut", {{"file", path},
                                    {"offset", log->good_bytes},
                                    {"bytes", bytes.size() - log->good_bytes}});
    if (log->edits.empty() && !is_first) damage_.push_back(path + ": it holds no whole record");
  }
  for (const ManifestEdit& edit : log->edits) {
    ManifestState next = state_;
    if (const auto applied = next.apply(edit); applied) {
      state_ = std::move(next);
    } else {
      damage_.push_back(path + ": " + applied.error().message);
    }
  }
  for (const std::string& sentence : damage_) log::error("manifest.damaged", {{"what", sentence}});
  return {};
}

Result<void> Manifest::apply(const ManifestEdit& edit) {
  ManifestState next = state_;
  TRY_VOID(next.apply(edit));
  next.next_file_number = std::max(next.next_file_number, next_file_number_);
  if (!log_ || log_bytes_ >= kLogBytesMax) {
    TRY_VOID(start_new_log(next));
    state_ = std::move(next);
    return {};
  }
  const std::string record = make_record(edit);
  auto written = log_->write_at(log_bytes_, record);
  if (written) written = log_->sync();
  if (!written) {
    // What the log now holds is unknown: a new one without the edit takes its place, now if the disk
    // lets us, else with the next edit.
    log_.reset();
    if (const auto restarted = start_new_log(state_); !restarted) {
      log::warn("manifest.log_not_replaced", {{"why", restarted.error().message}});
    }
    return fail(std::move(written).error());
  }
  log_bytes_ += record.size();
  state_ = std::move(next);
  return {};
}

Result<void> Manifest::start_new_log(const ManifestState& state) {
  const std::string old_name = log_name_;
  const std::string name = log_name(log_number_ + 1);
  const std::string path = join_path(folder_, name);
  ++log_number_;
  log_.reset();
  auto log = TRY(files_.open(path, FileSystem::OpenMode::kCreate));
  std::string bytes(kHeader);
  bytes += make_record(state.as_edit());
  TRY_VOID(log->write_at(0, bytes));
  TRY_VOID(log->sync());
  TRY_VOID(files_.sync_directory(folder_));
  TRY_VOID(write_file_atomically(files_, join_path(folder_, kCurrent), name + "\n"));
  log_ = std::move(log);
  log_name_ = name;
  log_bytes_ = bytes.size();
  // Older logs are not needed any more; one that cannot be removed now goes with the next.
  for (const std::string& other : TRY(files_.list(folder_))) {
    if (log_number(other) != 0 && log_number(other) < log_number_) {
      // A damaged log is kept aside for a person.
      if (is_damaged() && old_name.empty()) {
        TRY_VOID(files_.rename(join_path(folder_, other), path + ".damaged"));
      } else {
        TRY_VOID(files_.remove(join_path(folder_, other)));
      }
    }
  }
  return {};
}

}  // namespace varve::engine
