// SPDX-License-Identifier: Apache-2.0
// How the operating system asks the server to stop.
#pragma once

#include <functional>

namespace varve {

/// SIGTERM, SIGINT and SIGHUP wait for wait_for_stop_signal() from now on, in this thread and those
/// it starts; SIGPIPE is ignored: a client that went away is an error of its socket.
void hold_stop_signals();

/// Waits for the first of them and gives its name. Afterwards the next one ends the process at
/// once. A SIGHUP for which `takes_hangup` gives true (it was a wish to read files again) does not
/// end the waiting.
const char* wait_for_stop_signal(const std::function<bool()>& takes_hangup);

}  // namespace varve
