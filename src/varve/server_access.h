// SPDX-License-Identifier: Apache-2.0
// How a command reaches a server, and as whom.
#pragma once

#include <string>

#include "base/result.h"
#include "serve/http/client.h"

namespace CLI {
class App;
}

namespace varve {

struct ServerAccess {
  std::string url;  ///< "host", "host:port", "http://…" or "https://…".
  std::string user;
  std::string password;
  std::string ca_path;  ///< A PEM file of who is trusted; empty: whom this machine trusts.
  bool insecure = false;
};

/// Adds --url (also --host), --user, --password, --ca and --insecure; the access outlives the app.
void add_server_options(CLI::App& command, ServerAccess& access, const std::string& url_doc);

/// Adds what the command line does not say: VARVE_USER and VARVE_PASSWORD of the environment, and a
/// password typed at the terminal where there is a user and no password.
ServerAccess completed(ServerAccess access);

/// A line typed at the terminal, which does not show it. Empty when standard input is none.
std::string ask_for_password(const std::string& user);

/// What goes along with each request: nothing without a user.
HttpHeaders login_headers(const ServerAccess& access);

/// A client of that server, which connects when it is asked. kInvalidInput for a malformed URL.
Result<HttpClient> client_of(const ServerAccess& access);

}  // namespace varve
