// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_writer.h"

namespace varve::engine {

Result<void> SstWriter::append_slice(const SeriesSlice& slice, std::span<const int64_t> times_ns,
                                     std::span<const ColumnView> fields) {
  std::vector<ColumnView> parts;
  parts.reserve(fields.size());
  const size_t end = slice.row_begin + slice.row_count;
  for (const ColumnView& cells : fields) parts.push_back(cells.slice(slice.row_begin, end));
  return append(slice.series, times_ns.subspan(slice.row_begin, slice.row_count), parts);
}

Result<void> SstWriter::append_slices(std::span<const SeriesSlice> slices,
                                      std::span<const int64_t> times_ns,
                                      std::span<const ColumnView> fields) {
  for (const SeriesSlice& slice : slices) TRY_VOID(append_slice(slice, times_ns, fields));
  return {};
}

Result<void> SstWriter::append_page(SeriesPage) {
  return fail(ErrorCode::kUnsupported, "the layout has no pages to take over");
}

}  // namespace varve::engine
