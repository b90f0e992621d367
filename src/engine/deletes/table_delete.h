// SPDX-License-Identifier: Apache-2.0
// One delete of a table, as the manifest keeps it until nothing older is left.
#pragma once

#include "model/ids.h"
#include "model/predicate.h"
#include "model/time_range.h"

namespace varve::engine {

/// Hides every matching row of a lower version. Conditions on fields are judged on the row as the
/// cells of lower versions make it.
struct TableDelete {
  TableId table{};
  Version version;
  /// Records of the log up to it may hold rows of lower versions; later ones do not.
  Lsn lsn{};
  TimeRange range;
  Predicate predicate;
};

}  // namespace varve::engine
