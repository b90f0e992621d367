// SPDX-License-Identifier: Apache-2.0
// The catalog as a file of our own: all entries as of one generation, then each change, twice.
// Bytes: docs/formats/catalog.md.
// Threads: reading is pure and never reads outside the bytes; the writer has one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/key_value.h"
#include "io/file_system.h"

namespace varve {

struct CatalogEdit {
  std::string key;
  std::optional<std::string> value;  ///< Nothing: removed.
  friend bool operator==(const CatalogEdit&, const CatalogEdit&) = default;
};

/// One transaction. Each raises the generation by one.
struct CatalogChange {
  uint64_t generation = 0;
  std::vector<CatalogEdit> edits;
  friend bool operator==(const CatalogChange&, const CatalogChange&) = default;
};

void apply(const CatalogChange& change, CatalogEntries& entries);

/// What a file says.
struct CatalogLogContent {
  uint64_t snapshot_generation = 0;
  CatalogEntries snapshot;
  /// False: parts of the snapshot are missing.
  bool is_snapshot_whole = false;
  uint64_t snapshot_bytes = 0;
  /// By rising generation; one that is missing between them is lost.
  std::vector<CatalogChange> changes;
  /// Places that no good record holds although one follows: "from byte 3 to 7".
  std::vector<std::string> damage;
  /// Bytes behind the last good record, or its copy, are missing or no record.
  bool is_torn = false;
};

/// kUnsupported when a newer Varve wrote it.
Result<CatalogLogContent> read_catalog_log(std::string_view bytes);

/// Where the entries of a snapshot come from: calls for each.
using OnCatalogEntry = std::function<Result<void>(std::string_view key, std::string_view value)>;
using VisitCatalogEntries = std::function<Result<void>(const OnCatalogEntry& on_entry)>;

class CatalogLogWriter {
 public:
  /// Nothing is done before the first call. The file system outlives it.
  CatalogLogWriter(FileSystem& files, std::string path);

  /// A file that was read whole and is gone on with; its size, and that of its snapshot.
  Result<void> go_on(uint64_t size_bytes, uint64_t snapshot_bytes);
  /// Replaces the file by one that begins with these entries; the old or the new one is there
  /// whatever happens.
  Result<void> begin(uint64_t generation, const VisitCatalogEntries& visit);
  /// Durable when it returns. After an error the change may be in the file or not, until a begin().
  Result<void> append(const CatalogChange& change);
  /// The change appended last did not happen after all.
  void take_back();
  /// Whether a begin() has to come before the next append(): at first, after an error, when told,
  /// and when the file has grown well beyond its snapshot.
  bool wants_beginning() const;
  void want_beginning() { file_.reset(); }

 private:
  void cut();

  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<File> file_;  // Null: a beginning is wanted.
  uint64_t size_bytes_ = 0;
  uint64_t last_bytes_ = 0;  // Of the change appended last.
  uint64_t snapshot_bytes_ = 0;
};

}  // namespace varve
