// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <pthread.h>

namespace varve {

void set_thread_name(std::string_view name) {
  constexpr size_t kNameBytesMax = 15;  // TASK_COMM_LEN of Linux without its zero.
  const std::string kept(name.substr(0, kNameBytesMax));
  pthread_setname_np(pthread_self(), kept.c_str());
}

}  // namespace varve
