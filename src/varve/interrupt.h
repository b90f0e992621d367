// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a wish that somebody asks for, instead of the end of the process.
#pragma once

namespace varve {

/// From now on SIGINT is only noted; a call that waits (read, recv) ends with EINTR. SIGPIPE is
/// ignored: a server that went away is an error of its socket.
void note_interrupts();

/// Whether SIGINT came since forget_interrupt().
bool is_interrupted();
void forget_interrupt();

}  // namespace varve
