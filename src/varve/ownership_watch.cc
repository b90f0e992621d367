// SPDX-License-Identifier: Apache-2.0
#include "varve/ownership_watch.h"

#include <chrono>
#include <utility>

#include "base/log.h"

namespace varve {

OwnershipWatch::OwnershipWatch(OwnershipGuard& guard, std::function<void(const Error&)> on_loss,
                               int64_t interval_ms)
    : guard_(guard), on_loss_(std::move(on_loss)), interval_ms_(interval_ms) {
  thread_ = Thread("varve-owner", [this] { run(); });
}

OwnershipWatch::~OwnershipWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void OwnershipWatch::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::milliseconds(interval_ms_),
                         [this] { return is_stopping_; })) {
    lock.unlock();
    const auto ours = guard_.check();
    if (!ours && guard_.is_lost()) {
      log::error("object_store.lost", {{"error", ours.error().message}});
      on_loss_(ours.error());
      return;
    }
    lock.lock();
  }
}

}  // namespace varve
