// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <algorithm>
#include <utility>

namespace varve {

Result<uint64_t> Store::count_series(const SeriesSpec& spec) {
  SeriesSpec without_keys = spec;
  without_keys.key_tags.emplace();
  without_keys.series_limit = 0;
  return TRY(list_series(without_keys)).series.size();
}

Result<TextList> Store::list_tag_values(const SeriesSpec& spec, ColumnId tag) {
  SeriesSpec of_tag = spec;
  of_tag.key_tags = std::vector<ColumnId>{tag};
  of_tag.series_limit = 0;
  SeriesList series = TRY(list_series(of_tag));
  TextList list{.texts = {}, .pin = std::move(series.pin)};
  for (const SeriesRef& one : series.series) {
    const std::string_view text = key_cell(one.key, tag);
    if (!text.empty()) list.texts.push_back(text);
  }
  std::ranges::sort(list.texts);
  const auto rest = std::ranges::unique(list.texts);
  list.texts.erase(rest.begin(), rest.end());
  return list;
}

}  // namespace varve
