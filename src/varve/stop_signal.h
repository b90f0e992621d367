// SPDX-License-Identifier: Apache-2.0
// How the operating system asks the server to stop.
#pragma once

namespace varve {

/// SIGTERM, SIGINT and SIGHUP wait for wait_for_stop_signal() from now on, in this thread and those
/// it starts; SIGPIPE is ignored: a client that went away is an error of its socket.
void hold_stop_signals();

/// Waits for the first of them and gives its name. Afterwards the next one ends the process at
/// once.
const char* wait_for_stop_signal();

}  // namespace varve
