// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/sst_check.h"

#include "model/series_key.h"

namespace varve::engine {
namespace {

Result<void> check_columns(const SstReader& reader) {
  for (uint32_t group = 0; group < reader.row_group_count(); ++group) {
    TRY_VOID(reader.read_times(group));
    for (uint32_t field = 0; field < reader.fields().size(); ++field) {
      TRY_VOID(reader.read_field(group, field));
    }
  }
  return {};
}

Result<void> check_series(const SstReader& reader) {
  SeriesCursor cursor(reader);
  while (TRY(cursor.next())) {
    const auto series = cursor.series().ref();
    if (series_key_hash(series.key) == series.hash) continue;
    return fail(ErrorCode::kCorrupt, reader.path() + " names a series by the wrong hash");
  }
  return {};
}

}  // namespace

Result<void> check_sst_content(const SstReader& reader) {
  TRY_VOID(check_series(reader));
  return check_columns(reader);
}

}  // namespace varve::engine
