// SPDX-License-Identifier: Apache-2.0
// GET /api/v2/buckets and /api/v2/buckets/<bucket>: the policies of databases, as clients of
// InfluxDB 2 look for them.
// Source: InfluxDB 1.13, services/httpd, Handler.serveListBucketsV2 and serveRetrieveBucketV2.
#pragma once

#include <string>
#include <string_view>

#include "auth/identity.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "serve/http/form.h"
#include "serve/http/message.h"
#include "serve/influx/reply.h"

namespace varve::influx {

inline constexpr std::string_view kBucketsPath = "/api/v2/buckets";

/// A JSON document of the buckets that `who` may read: those of a name or id, else `limit` (100)
/// of them behind `offset` or behind the one named by `after`. Pure. Errors: kInvalidInput,
/// kNotFound, in InfluxDB's words.
Result<std::string> list_buckets(const CatalogSnapshot& catalog, const auth::Identity& who,
                                 const FormFields& parameters);
/// The document of one bucket. Errors: kNotFound, kForbidden.
Result<std::string> find_bucket(const CatalogSnapshot& catalog, const auth::Identity& who,
                                std::string_view bucket);

/// Threads: an event loop; does not block.
void handle_buckets(const CatalogSnapshot& catalog, const auth::Identity& who,
                    const HttpRequest& request, const Reply& reply);

}  // namespace varve::influx
