// SPDX-License-Identifier: Apache-2.0
// Writes an SST of layout `packed`: cells are pages of engine/page, up to 8,192 rows of one long or
// several short series; the Parquet file around them has a row for each series of a page, with its
// tags, times and statistics as ordinary columns.
// Bytes: docs/formats/sst.md. Threads: one owner.
#pragma once

#include <memory>

#include "engine/sst/sst_output.h"
#include "engine/sst/sst_writer.h"

namespace varve::engine {

/// May throw what Parquet does.
std::unique_ptr<SstWriter> make_packed_writer(SstWriterOptions options,
                                              std::unique_ptr<SstOutput> output);

}  // namespace varve::engine
