// SPDX-License-Identifier: Apache-2.0
// What deletes have left of a segment: which series still have a row, which columns a cell.
// Threads: safe anywhere.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "engine/scan/segment_scan.h"
#include "engine/shard/table.h"

namespace varve::engine {

/// Listed series of the segment that have no row left. Looks only at series that some delete
/// touches, and decodes only where times alone cannot tell.
Result<std::vector<SeriesId>> series_without_rows(const Table& table, const SegmentView& segment,
                                                  std::shared_ptr<const DeleteSet> deletes);

/// Columns of the segment in which some row holds a cell. Stops when all were seen.
Result<std::vector<ScanColumn>> columns_with_cells(const Table& table, const SegmentView& segment,
                                                   std::shared_ptr<const DeleteSet> deletes);

/// True when a delete above `applied` may hide a row of the file.
Result<bool> hides_rows_of(SstFile& file, const SeriesIndex& index, SegmentDeletes& deletes,
                           Version applied);

}  // namespace varve::engine
