// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "base/log.h"
#include "io/clock.h"
#include "varve/commands.h"
#include "varve/config_sources.h"
#include "varve/file_limit.h"
#include "varve/node.h"
#include "varve/options.h"
#include "varve/stop_signal.h"
#include "varve/version.h"
#include "varve/welcome.h"

namespace varve {
namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "varve: %s\n", error.message.c_str());
  return 1;
}

int64_t milliseconds_since(int64_t began_ns) {
  return (SystemClock::instance().steady_ns() - began_ns) / 1'000'000;
}

}  // namespace

int run_serve(const ServeArguments& arguments) {
  const int64_t began_ns = SystemClock::instance().steady_ns();
  const auto config = load_config(arguments.config_path, arguments.overrides);
  if (!config) return complain(config.error());
  const auto log_settings = log_options(*config);
  if (!log_settings) return complain(log_settings.error());
  if (const auto configured = log::configure(*log_settings); !configured) {
    return complain(configured.error());
  }
  raise_file_limit();
  // Before the first thread starts, so that each of them inherits it.
  hold_stop_signals();
  auto node = Node::start(*config);
  if (!node) return complain(node.error());
  const auto address = (*node)->http_address();
  const bool is_tls = config->boolean("server.tls_enabled");
  const std::string listeners =
      address ? (is_tls ? "https=" : "http=") + *address + " " : std::string();
  std::printf("ready %sdata=%s\n", listeners.c_str(), (*node)->data_path().c_str());
  std::fflush(stdout);
  log::info("serve.ready", {{"version", kVersion},
                            {"http", address.value_or("off")},
                            {"data", (*node)->data_path()},
                            {"took_ms", milliseconds_since(began_ns)}});
  {
    // What it shows is asked for by plain HTTP, and as nobody.
    const bool is_plain = !is_tls && !config->boolean("auth.enabled");
    const bool welcomes = arguments.welcome && address && is_plain;
    const Welcome welcome =
        welcomes ? Welcome(*address, (*node)->data_path(), config->boolean("collect.host"))
                 : Welcome();
    const char* signal = wait_for_stop_signal([&] { return (*node)->reload(); });
    log::info("serve.stopping", {{"signal", signal}});
  }
  const int64_t stopping_ns = SystemClock::instance().steady_ns();
  const auto stopped = (*node)->stop();
  if (!stopped) log::error("serve.stopped_badly", {{"reason", stopped.error().message}});
  log::info("serve.stopped", {{"took_ms", milliseconds_since(stopping_ns)}});
  return stopped ? 0 : 1;
}

}  // namespace varve
