// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/row_run.h"

namespace varve::influxql {

Result<void> GroupConsumer::groups(const GroupsBlock& block) {
  std::vector<ColumnView> columns;
  for (const GroupsBlock::Part& part : block.parts) {
    columns.clear();
    for (const ColumnView& column : block.columns) {
      columns.push_back(column.slice(part.begin, part.end));
    }
    TRY_VOID(begin_group(*part.key));
    TRY_VOID(rows({.times_ns = block.times_ns.subspan(part.begin, part.end - part.begin),
                   .columns = columns}));
    TRY_VOID(end_group());
  }
  return {};
}

}  // namespace varve::influxql
