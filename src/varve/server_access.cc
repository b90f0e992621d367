// SPDX-License-Identifier: Apache-2.0
#include "varve/server_access.h"

#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>

#include "auth/base64.h"

namespace varve {
namespace {

std::string from_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string() : std::string(text);
}

}  // namespace

std::string ask_for_password(const std::string& user) {
  termios shown{};
  if (tcgetattr(STDIN_FILENO, &shown) != 0) return {};
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  std::fprintf(stderr, "password of %s: ", user.c_str());
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    line += static_cast<char>(c);
  }
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  std::fputc('\n', stderr);
  std::clearerr(stdin);  // Ctrl-D ends this line only.
  return line;
}

void add_server_options(CLI::App& command, ServerAccess& access, const std::string& url_doc) {
  command.add_option("--url,--host", access.url, url_doc)->type_name("URL");
  command.add_option("--user", access.user, "who asks; else VARVE_USER of the environment")
      ->type_name("NAME");
  command
      .add_option("--password", access.password,
                  "their password; else VARVE_PASSWORD of the environment, else you are asked")
      ->type_name("TEXT");
  command.add_option("--ca", access.ca_path, "PEM file of the authority that an https server shows")
      ->type_name("FILE");
  command.add_flag("--insecure", access.insecure, "trust any https server");
}

ServerAccess completed(ServerAccess access) {
  if (access.user.empty()) access.user = from_environment("VARVE_USER");
  if (access.password.empty()) access.password = from_environment("VARVE_PASSWORD");
  if (!access.user.empty() && access.password.empty() && isatty(STDIN_FILENO) != 0) {
    access.password = ask_for_password(access.user);
  }
  return access;
}

HttpHeaders login_headers(const ServerAccess& access) {
  if (access.user.empty()) return {};
  return {{"Authorization", "Basic " + auth::base64_encode(access.user + ":" + access.password)}};
}

Result<HttpClient> client_of(const ServerAccess& access) {
  return HttpClient(TRY(parse_http_address(access.url)),
                    {.ca_path = access.ca_path, .insecure = access.insecure},
                    login_headers(access));
}

}  // namespace varve
