// SPDX-License-Identifier: Apache-2.0
// Sends batches of an import over one connection and finds out which lines were refused.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "serve/http/client.h"
#include "varve/import_source.h"

namespace varve {

struct RefusedLine {
  uint64_t line = 0;  ///< Counts from 1 over the file.
  std::string message;
  std::string text;
};

/// Threads: one owner; calls block.
class ImportSender {
 public:
  struct Options {
    std::string precision = "ns";
    int tries_max = 12;            ///< Of one request that may work later.
    int64_t first_pause_ms = 100;  ///< Doubles with each try, up to pause_ms_max.
    int64_t pause_ms_max = 5'000;
  };

  /// `stopped` ends the waiting between two tries; it outlives the sender.
  ImportSender(HttpClient client, Options options, const std::atomic<bool>& stopped)
      : client_(std::move(client)), options_(std::move(options)), stopped_(stopped) {}

  /// Writes the lines to their context; gives those that the server refused. An error is one that
  /// concerns all lines: the server is gone, full, or does not know the database.
  Result<std::vector<RefusedLine>> send(const ImportBatch& batch);

 private:
  struct Line {
    uint64_t number = 0;
    std::string_view text;  // With its newline.
  };
  Result<HttpResponse> post(std::string_view text);
  std::string target_of(const ImportContext& context) const;
  Result<void> send_lines(const Line* begin, const Line* end, std::vector<RefusedLine>& refused);

  HttpClient client_;
  Options options_;
  const std::atomic<bool>& stopped_;
  std::string target_;  // Of the batch being sent.
};

/// The reason inside an answer to /write: without "partial write: " and " dropped=N".
std::string_view bare_reason(std::string_view message);

/// The text of an {"error":"…"} document; the whole body when it is something else.
std::string error_of_body(const std::string& body);

}  // namespace varve
