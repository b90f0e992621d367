// SPDX-License-Identifier: Apache-2.0
// A new data directory for what a server kept in a bucket, whose disk is lost.
#pragma once

#include <string>

#include "base/result.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "serve/admin/administration.h"
#include "varve/config.h"

namespace varve {

struct TakeOver {
  std::string from;  ///< "s3://bucket/prefix", as the server was configured.
  std::string to;    ///< The new data directory: missing or empty.
};

/// Fetches the newest snapshot and claims the prefix for the new directory; sorted files stay where
/// they are. What the lost disk alone had is lost. Errors: kInvalidInput for a place that no server
/// used, or a folder that is not empty; kCorrupt. After an error the folder is no data directory.
Result<admin::Outcome> take_over_bucket(const Config& config, FileSystem& local,
                                        const TakeOver& asked, const Clock& clock, Random& random);

}  // namespace varve
