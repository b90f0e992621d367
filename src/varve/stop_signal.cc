// SPDX-License-Identifier: Apache-2.0
#include "varve/stop_signal.h"

#include <csignal>
#include <cstring>

namespace varve {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

void hold_stop_signals() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const char* wait_for_stop_signal(const std::function<bool()>& takes_hangup) {
  const sigset_t signals = stop_signals();
  int number = 0;
  while (sigwait(&signals, &number) != 0 || (number == SIGHUP && takes_hangup())) {
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return sigabbrev_np(number);
}

}  // namespace varve
