// SPDX-License-Identifier: Apache-2.0
// Reads an SST of layout `packed`: a row group of the reader is a page, and reading a column of one
// is one read of exactly its bytes. Threads: safe anywhere.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/sst/sst_footer.h"
#include "engine/sst/sst_reader.h"
#include "io/file_system.h"

namespace parquet {
class FileMetaData;
}

namespace varve::engine {

/// `metadata` is not kept. May throw what Parquet does.
Result<std::shared_ptr<const SstReader>> open_packed_sst(const std::string& path,
                                                         std::shared_ptr<File> file,
                                                         const parquet::FileMetaData& metadata,
                                                         SstFooter footer);

}  // namespace varve::engine
