// SPDX-License-Identifier: Apache-2.0
#include "varve/table_labels.h"

namespace varve {

std::optional<engine::TableLabels> TableLabelIndex::find(TableId table) {
  const auto snapshot = catalog_.snapshot();
  TableRef found;
  {
    const std::lock_guard lock(mutex_);
    if (indexed_ != snapshot) {
      tables_.clear();
      for (const auto& [name, database] : snapshot->databases) {
        for (const auto& policy : database->policies) {
          for (auto& each : policy->tables()) tables_.emplace(each->id, std::move(each));
        }
      }
      indexed_ = snapshot;
    }
    const auto at = tables_.find(table);
    if (at == tables_.end()) return std::nullopt;
    found = at->second;
  }
  engine::TableLabels labels{.table = found->name, .columns = {}};
  labels.columns.reserve(found->columns.size());
  for (const auto& column : found->columns) {
    labels.columns.push_back({.id = column.id, .kind = column.kind, .name = column.name});
  }
  return labels;
}

}  // namespace varve
