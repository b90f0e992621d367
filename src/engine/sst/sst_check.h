// SPDX-License-Identifier: Apache-2.0
// Reads all of a sorted file, to know that nothing of it is damaged.
#pragma once

#include "base/result.h"
#include "engine/sst/sst_reader.h"

namespace varve::engine {

/// Every block of the directory and every page against their checksums, and each series against the
/// hash that names it. kCorrupt, naming the file, at the first that is wrong; kIo.
Result<void> check_sst_content(const SstReader& reader);

}  // namespace varve::engine
