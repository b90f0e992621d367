// SPDX-License-Identifier: Apache-2.0
#include "varve/interrupt.h"

#include <csignal>

namespace varve {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note(int) { interrupted = 1; }

}  // namespace

void note_interrupts() {
  struct sigaction action {};
  action.sa_handler = note;  // Without SA_RESTART: who waits is to look.
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool is_interrupted() { return interrupted != 0; }

void forget_interrupt() { interrupted = 0; }

}  // namespace varve
