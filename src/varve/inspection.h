// SPDX-License-Identifier: Apache-2.0
// What stands in a file, as a document: a person gets it as text, a machine as JSON. Files may hold
// anything: what can be read is told, with the places that cannot.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace varve {

/// Members by order of interest. "damage" is a list of {offset, end, what}, empty when all is well.
using Inspection = nlohmann::ordered_json;

/// Errors: only what keeps the file from being read at all.
Result<Inspection> inspect_wal(FileSystem& files, const std::string& path);
Result<Inspection> inspect_manifest(FileSystem& files, const std::string& path);
Result<Inspection> inspect_sst(FileSystem& files, const std::string& path);
/// Through SQLite: the file stands on a real disk. Nothing of it changes.
Result<Inspection> inspect_catalog(const std::string& path);

/// Members as lines, lists of objects as tables.
std::string inspection_text(const Inspection& inspection);
/// One document in one line; bytes that are no UTF-8 are replaced.
std::string inspection_json(const Inspection& inspection);

}  // namespace varve
