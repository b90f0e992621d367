// SPDX-License-Identifier: Apache-2.0
// What sorted files say of themselves, for a manifest that lost edits.
//
// A merge's result has the versions of all its inputs, and a higher number; other files of a
// segment never share a version. So a file whose versions lie within those of one with a higher
// number is an input of it, and its rows stand there too, as far as they were not deleted.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/manifest/manifest_state.h"
#include "engine/shard/live_tables.h"
#include "io/file_system.h"

namespace varve::engine {

struct FileAdoption {
  /// Files that the state lacks, and files of it whose rows these have.
  ManifestEdit edit;
  /// No file in the folder has a higher number, whatever became of it.
  SstId highest{};
};

/// Reads all of the files in the folder that the state does not name. A damaged one is taken when
/// no other has any of its versions, and nothing is removed for its sake. Not taken: inputs of
/// files that are there, files of tables that are not live or of dropped segments, those whose
/// footer or directory cannot be read, and those of earlier versions, which do not say enough.
/// kIo when a file cannot be read now.
Result<FileAdoption> adopt_files(FileSystem& files, const std::string& folder,
                                 const ManifestState& state, const LiveTables& live);

}  // namespace varve::engine
