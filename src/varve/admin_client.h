// SPDX-License-Identifier: Apache-2.0
// Asks the administration door of a running server, and tells a person what it says.
#pragma once

#include <string>

#include "base/result.h"
#include "serve/admin/administration.h"

namespace varve {

/// The address of the server: what was given, or where the configuration says that it listens.
Result<std::string> server_address(const std::string& url, const std::string& config_path);

/// Posts to `target` and prints the answer as it comes: progress on standard error, damage and the
/// end on standard output. Gives the exit status.
int ask_administration(const std::string& address, const std::string& target);

/// Whether something answers at the address.
bool server_answers(const std::string& address);

/// The path as a server started elsewhere understands it.
std::string absolute_path(const std::string& path);

/// Progress of work in this process, told the same way.
class PrintedProgress final : public admin::Progress {
 public:
  Result<void> tick(const std::function<std::string()>& sentence) override;
  Result<void> damage(std::string_view sentence) override;

 private:
  int64_t told_ns_ = 0;
};

/// Prints the end of such work; gives the exit status.
int print_outcome(const Result<admin::Outcome>& outcome);

}  // namespace varve
