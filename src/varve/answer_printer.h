// SPDX-License-Identifier: Apache-2.0
// Asks a server in InfluxQL and prints what it answers: `varve query` with a text and without.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/http/client.h"
#include "varve/command_line.h"

namespace varve {

struct AnswerSettings {
  std::string database;
  std::string policy;
  std::string epoch;  ///< Empty: times as text.
  PrintFormat format = PrintFormat::kTable;
  bool chunked = false;  ///< The answer comes, and is printed, in pieces.
};

/// "varve: …" on standard error.
void complain(std::string_view message);

/// The JSON document of the answer. The errors of a server that is away, or refuses the whole
/// request, are worded for a person; those of single statements stand in the document.
Result<std::string> ask_for_json(HttpClient& client, const AnswerSettings& settings,
                                 std::string_view text);

/// Prints the answer on standard output and what went wrong on standard error. False when something
/// did: the request, or one of its statements; in CSV the errors of several statements in one text
/// are not seen.
bool ask_and_print(HttpClient& client, const AnswerSettings& settings, std::string_view text);

/// "nothing answers at …" with a hint beside it; other messages as they are.
std::string with_hint(std::string message);

}  // namespace varve
