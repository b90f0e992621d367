// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/log.h"
#include "engine/manifest/manifest_records.h"

namespace varve::engine {
namespace {

constexpr std::string_view kPrefix = "MANIFEST-";
constexpr std::string_view kPointer = "CURRENT";
constexpr std::string_view kDamaged = ".damaged";

std::string name_of(uint64_t number) { return std::string(kPrefix) + std::to_string(number); }

// The number of a manifest file; 0 for any other name.
uint64_t number_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return 0;
  name.remove_prefix(kPrefix.size());
  uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() ? number : 0;
}

}  // namespace

Result<std::unique_ptr<Manifest>> Manifest::open(FileSystem& files, std::string folder) {
  std::unique_ptr<Manifest> manifest(new Manifest(files, std::move(folder)));
  TRY_VOID(manifest->read());
  return manifest;
}

// The file that CURRENT names; when it names none, the newest there is.
Result<std::string> Manifest::find_file(const std::vector<std::string>& names) {
  uint64_t newest = 0;
  for (const std::string& name : names) newest = std::max(newest, number_of(name));
  number_ = newest;
  const auto has = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  if (has(kPointer)) {
    const std::string pointer = join_path(folder_, kPointer);
    std::string named = TRY(read_file(files_, pointer));
    if (named.ends_with('\n')) named.pop_back();
    if (number_of(named) != 0 && has(named)) return named;
    damage_.push_back(pointer + " is damaged at byte 0: it names no manifest; the newest is used");
    log::error("manifest.pointer_damaged", {{"file", pointer}, {"offset", 0}});
  } else if (std::ranges::any_of(names, [](const auto& name) { return name.ends_with(".sst"); })) {
    damage_.push_back(join_path(folder_, kPointer) + " is missing although there are data files");
    log::error("manifest.pointer_missing", {{"file", join_path(folder_, kPointer)}});
  } else {
    // The power went while the first manifest was made: there was nothing yet.
    return std::string();
  }
  return newest == 0 ? std::string() : name_of(newest);
}

Result<void> Manifest::read() {
  const auto names = TRY(files_.list(folder_));
  const std::string name = TRY(find_file(names));
  edits_lost_ = name.empty() && !damage_.empty();
  if (name.empty()) return {};
  const std::string path = join_path(folder_, name);
  const std::string bytes = TRY(read_file(files_, path));
  auto scan = scan_manifest(bytes);
  if (!scan) return fail(scan.error().code, path + ": " + scan.error().message);
  for (const ManifestDamage& found : scan->damage) {
    log::error("manifest.damaged", {{"file", path},
                                    {"offset", found.begin},
                                    {"bytes", found.end - found.begin},
                                    {"edits_lost", found.is_loss}});
    damage_.push_back(path + " is damaged " + to_string(found));
    edits_lost_ = edits_lost_ || found.is_loss;
  }
  if (scan->end == 0) {
    // A file that CURRENT names begins with a snapshot that was synced before it was named.
    log::error("manifest.damaged", {{"file", path}, {"offset", 0}, {"bytes", bytes.size()}});
    damage_.push_back(path + " is damaged at byte 0: it has no good record");
    edits_lost_ = true;
  } else if (scan->end < bytes.size()) {
    is_torn_ = true;
    log::warn("manifest.torn", {{"file", path}, {"offset", scan->end}});
  }
  if (!damage_.empty()) damaged_file_ = name;
  state_ = std::move(scan->state);
  sst_id_next_ = state_.sst_id_next();
  return {};
}

// A snapshot of the state as it is, then the record: both are there once CURRENT names the file.
Result<void> Manifest::begin_file(std::string_view edit_record) {
  const std::string name = name_of(++number_);
  const std::string path = join_path(folder_, name);
  std::string edit;
  encode_manifest_edit(state_.snapshot(), sst_id_next_, edit);
  std::string bytes;
  append_manifest_record(edit, bytes);
  const uint64_t snapshot_bytes = bytes.size();
  bytes += edit_record;
  auto file = TRY(files_.open(path, FileSystem::OpenMode::kCreate));
  Result<void> written = file->write_at(0, bytes);
  if (written) written = file->sync();
  if (written) written = files_.sync_directory(folder_);
  if (!written) {
    // Nothing names it yet, and it may have taken the last bytes of the disk.
    file.reset();
    static_cast<void>(files_.remove(path));
    return written;
  }
  written = write_file_atomically(files_, join_path(folder_, kPointer), name + "\n");
  if (!written) {
    // CURRENT may name it all the same; then it must stay. It is removed once another is current.
    return written;
  }
  file_ = std::move(file);
  size_bytes_ = bytes.size();
  snapshot_bytes_ = snapshot_bytes;
  remove_other_files();
  return {};
}

void Manifest::remove_other_files() {
  const auto names = files_.list(folder_);
  if (!names) return;
  for (const std::string& name : *names) {
    const uint64_t number = number_of(name);
    if (number == 0 || number == number_) continue;
    const std::string path = join_path(folder_, name);
    const auto done = name == damaged_file_
                          ? files_.rename(path, path + std::string(kDamaged))
                          : files_.remove(path);
    if (!done) {
      log::warn("manifest.remove_failed", {{"file", path}, {"error", done.error().message}});
    }
  }
  damaged_file_.clear();
}

void Manifest::put_back(const ManifestEdit& edit) {
  CHECK(!file_);
  state_.apply(edit);
  leave_sst_ids_up_to(SstId{state_.sst_id_next() - 1});
}

Result<void> Manifest::commit(const ManifestEdit& edit) {
  const uint64_t sst_id_next = sst_id_next_;
  std::string encoded;
  encode_manifest_edit(edit, sst_id_next, encoded);
  std::string record;
  append_manifest_record(encoded, record);
  if (!file_ || size_bytes_ > std::max(kFileBytesMax, 2 * snapshot_bytes_)) {
    file_.reset();
    TRY_VOID(begin_file(edit.empty() ? std::string_view() : record));
  } else {
    Result<void> written = file_->write_at(size_bytes_, record);
    if (written) written = file_->sync();
    if (!written) {
      file_.reset();
      return written;
    }
    size_bytes_ += record.size();
  }
  state_.apply(edit);
  state_.raise_sst_id_next(sst_id_next);
  return {};
}

}  // namespace varve::engine
