// SPDX-License-Identifier: Apache-2.0
#include "codec/result_documents.h"

#include <algorithm>

#include "base/check.h"

namespace varve {

ResultDocuments::ResultDocuments(const ResultWriterOptions& options) : options_(options) {
  CHECK(options_.chunk_rows > 0);
}

Result<void> ResultDocuments::begin_statement(uint32_t statement_id) {
  CHECK(!statement_open_);
  any_statement_ = true;
  statement_open_ = true;
  statement_id_ = statement_id;
  messages_.clear();
  // A chunk is opened by what comes first in it.
  if (!options_.chunked) open_result_if_needed();
  return status();
}

Result<void> ResultDocuments::message(std::string_view level, std::string_view text) {
  messages_.push_back({std::string(level), std::string(text)});
  return {};
}

Result<void> ResultDocuments::begin_series(const ResultHeader& header) {
  CHECK(statement_open_);
  CHECK(!series_open_);
  if (options_.chunked && result_open_) end_open_result({.messages = {}, .partial = true});
  open_result_if_needed();
  describe_series(header);
  open_series(series_count_ == 0);
  ++series_count_;
  series_open_ = true;
  chunk_row_count_ = 0;
  return status();
}

Result<void> ResultDocuments::rows(const ResultBlock& block) {
  CHECK(series_open_);
  if (!options_.chunked) {
    write_rows(block, 0, block.row_count);
    return status();
  }
  for (size_t begin = 0; begin < block.row_count;) {
    if (chunk_row_count_ == options_.chunk_rows) {
      end_open_series(true);
      end_open_result({.messages = {}, .partial = true});
      open_result_if_needed();
      open_series(true);
      series_count_ = 1;
      series_open_ = true;
      chunk_row_count_ = 0;
    }
    const uint64_t count =
        std::min<uint64_t>(block.row_count - begin, options_.chunk_rows - chunk_row_count_);
    write_rows(block, begin, begin + count);
    chunk_row_count_ += count;
    begin += count;
  }
  return status();
}

Result<void> ResultDocuments::end_series() {
  CHECK(series_open_);
  end_open_series(false);
  return status();
}

Result<void> ResultDocuments::series_batch(const SeriesBatch& batch) {
  CHECK(statement_open_ && !series_open_);
  if (options_.chunked || batch.series.empty()) return ResultSink::series_batch(batch);
  if (!write_series_batch(batch, series_count_ == 0)) return ResultSink::series_batch(batch);
  series_count_ += batch.series.size();
  return status();
}

Result<void> ResultDocuments::statement_error(std::string_view text) {
  return close_statement(text);
}

Result<void> ResultDocuments::end_statement() { return close_statement({}); }

Result<void> ResultDocuments::finish() {
  TRY_VOID(close_statement({}));
  if (!options_.chunked) {
    if (any_statement_) {
      close_document();
    } else {
      write_empty_document();
    }
  }
  return flush();
}

Result<void> ResultDocuments::close_statement(std::string_view error) {
  if (!statement_open_) return status();
  if (series_open_) end_open_series(false);
  open_result_if_needed();
  end_open_result({.messages = messages_, .partial = false, .error = error});
  statement_open_ = false;
  return status();
}

void ResultDocuments::open_result_if_needed() {
  if (result_open_) return;
  if (!document_open_) {
    open_document();
    document_open_ = true;
    result_count_ = 0;
  }
  open_result(statement_id_, result_count_ == 0);
  ++result_count_;
  result_open_ = true;
  series_count_ = 0;
}

void ResultDocuments::end_open_series(bool partial) {
  close_series(partial);
  series_open_ = false;
}

void ResultDocuments::end_open_result(const ResultEnd& end) {
  close_result(end);
  result_open_ = false;
  if (!options_.chunked) return;
  close_document();
  document_open_ = false;
}

}  // namespace varve
