// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/backup_listing.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/checksum.h"

namespace varve::engine {
namespace {

using nlohmann::ordered_json;

std::string hex_of(uint32_t crc) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[(crc >> shift) & 15];
  return text;
}

// Over all that restoring relies on, so that a changed digit is seen here and not as damage to a
// sound file.
uint32_t checksum_of(const BackupListing& listing) {
  std::string text = std::to_string(listing.generation) + " " + std::to_string(listing.shards) +
                     "\n" + listing.data_directory + "\n" + listing.taken_at + "\n";
  for (const std::string& path : listing.missing) text += path + "\n";
  for (const BackupFile& file : listing.files) {
    text += file.path + "\n" + file.stored + "\n" + std::to_string(file.size_bytes) + " " +
            hex_of(file.crc) + "\n";
  }
  return crc32c(text);
}

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(ErrorCode::kCorrupt, "the listing makes no sense: " + std::string(why));
}

std::string text_of(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

uint64_t number_of(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

Result<uint32_t> crc_of(const ordered_json& object, const char* name) {
  const std::string text = text_of(object, name);
  uint32_t crc = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), crc, 16);
  if (text.size() != 8 || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return corrupt(std::string(name) + " is no checksum");
  }
  return crc;
}

Result<BackupFile> file_of(const ordered_json& entry) {
  if (!entry.is_object()) return corrupt("a file is no object");
  BackupFile file{.path = text_of(entry, "path"),
                  .stored = text_of(entry, "stored"),
                  .size_bytes = number_of(entry, "bytes"),
                  .crc = TRY(crc_of(entry, "crc32c"))};
  if (!is_safe_backup_path(file.path)) return corrupt("a file has the path \"" + file.path + "\"");
  if (!is_safe_backup_path(file.stored)) {
    return corrupt("a file is stored as \"" + file.stored + "\"");
  }
  return file;
}

}  // namespace

bool is_safe_backup_path(std::string_view path) {
  if (path.empty()) return false;
  while (true) {
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    if (part.find('\0') != std::string_view::npos) return false;
    if (end == path.size()) return true;
    path.remove_prefix(end + 1);
  }
}

const BackupFile* BackupListing::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(files, path, {}, &BackupFile::path);
  return found != files.end() && found->path == path ? &*found : nullptr;
}

uint64_t BackupListing::size_bytes() const {
  uint64_t sum = 0;
  for (const BackupFile& file : files) sum += file.size_bytes;
  return sum;
}

std::string as_utf8(std::string_view text) {
  const ordered_json value = text;
  const auto dumped = value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return ordered_json::parse(dumped, nullptr, /*allow_exceptions=*/false).get<std::string>();
}

std::string encode_backup_listing(const BackupListing& listing) {
  ordered_json document;
  document["format"] = BackupListing::kFormat;
  document["varve"] = listing.varve_version;
  document["taken_at"] = listing.taken_at;
  document["data_directory"] = listing.data_directory;
  document["generation"] = listing.generation;
  document["shards"] = listing.shards;
  document["missing"] = listing.missing;
  ordered_json files = ordered_json::array();
  for (const BackupFile& file : listing.files) {
    files.push_back({{"path", file.path},
                     {"stored", file.stored},
                     {"bytes", file.size_bytes},
                     {"crc32c", hex_of(file.crc)}});
  }
  document["files"] = std::move(files);
  document["crc32c"] = hex_of(checksum_of(listing));
  return document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<BackupListing> decode_backup_listing(std::string_view text) {
  const auto document = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return corrupt("it is no JSON object");
  const uint64_t format = number_of(document, "format");
  if (format > BackupListing::kFormat) {
    return fail(ErrorCode::kUnsupported, "the backup was made by a newer Varve: its format is " +
                                             std::to_string(format) + ", this one reads " +
                                             std::to_string(BackupListing::kFormat));
  }
  if (format == 0) return corrupt("it has no format");
  BackupListing listing{.varve_version = text_of(document, "varve"),
                        .taken_at = text_of(document, "taken_at"),
                        .data_directory = text_of(document, "data_directory"),
                        .generation = number_of(document, "generation"),
                        .shards = static_cast<uint32_t>(number_of(document, "shards")),
                        .missing = {},
                        .files = {}};
  const auto missing = document.find("missing");
  if (missing != document.end() && missing->is_array()) {
    for (const auto& path : *missing) {
      if (path.is_string()) listing.missing.push_back(path.get<std::string>());
    }
  }
  const auto files = document.find("files");
  if (files == document.end() || !files->is_array()) return corrupt("it names no files");
  for (const auto& entry : *files) listing.files.push_back(TRY(file_of(entry)));
  if (!std::ranges::is_sorted(listing.files, {}, &BackupFile::path)) {
    return corrupt("its files are not in order");
  }
  if (TRY(crc_of(document, "crc32c")) != checksum_of(listing)) {
    return corrupt("its checksum is wrong");
  }
  return listing;
}

Result<BackupListing> read_backup_listing(FileSystem& files, const std::string& folder) {
  const std::string path = join_path(folder, kBackupListingFile);
  if (!TRY(files.exists(path))) {
    return fail(ErrorCode::kNotFound, folder + " holds no complete backup: there is no " +
                                          std::string(kBackupListingFile));
  }
  auto listing = decode_backup_listing(TRY(read_file(files, path)));
  if (!listing) return fail(listing.error().code, path + ": " + listing.error().message);
  return listing;
}

}  // namespace varve::engine
