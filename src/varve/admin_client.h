// SPDX-License-Identifier: Apache-2.0
// Asks the administration door of a running server, and tells a person what it says.
#pragma once

#include <string>

#include "base/result.h"
#include "serve/admin/administration.h"
#include "varve/server_access.h"

namespace varve {

/// How to reach the server: as was given, where the configuration says that it listens when there
/// is no URL. Asks for a password when one is missing.
Result<ServerAccess> server_of(ServerAccess given, const std::string& config_path);

/// Posts to `target` and prints the answer as it comes: progress on standard error, damage and the
/// end on standard output. Gives the exit status.
int ask_administration(const ServerAccess& server, const std::string& target);

/// Whether something answers there.
bool server_answers(const ServerAccess& server);

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
