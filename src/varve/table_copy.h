// SPDX-License-Identifier: Apache-2.0
// Rows of one table of a backup, written again into a table of this server: other ids, the same
// names and values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "model/write_batch.h"
#include "store/store.h"

namespace varve {

/// Where rows come from.
struct CopySource {
  Store& store;
  PolicyRef policy;
  TableRef table;
};

/// Where they go. The collaborators outlive the work.
struct CopyTarget {
  Catalog& catalog;
  Store& store;
  PolicyId policy{};
  TableRef table;  ///< Has every column of the source, by name, kind and type.
};

/// Called after each batch; an error ends the copying with it.
using OnRows = std::function<Result<void>(uint64_t rows)>;

/// Copies every row, segment by segment, in batches of bounded size, one at a time; waits while the
/// store is overloaded. Gives the number of rows.
Result<uint64_t> copy_table(const CopySource& source, const CopyTarget& target,
                            const OnRows& on_rows);

}  // namespace varve
