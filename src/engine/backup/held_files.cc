// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/held_files.h"

#include <algorithm>
#include <utility>

namespace varve::engine {

struct HeldFiles::State {
  explicit State(std::function<void(const std::string&)> remove_file)
      : remove(std::move(remove_file)) {}

  bool is_held(const std::string& path) const REQUIRES(mutex) {
    return std::ranges::any_of(holds, [&](const Hold* hold) {
      return !hold->paths_ || hold->paths_->contains(path);
    });
  }
  // What nobody holds any more, to be removed without the lock.
  std::vector<std::string> take_released() REQUIRES(mutex) {
    std::vector<std::string> released;
    for (const std::string& path : deferred) {
      if (!is_held(path)) released.push_back(path);
    }
    for (const std::string& path : released) deferred.erase(path);
    return released;
  }
  void remove_all(const std::vector<std::string>& paths) const {
    for (const std::string& path : paths) remove(path);
  }

  const std::function<void(const std::string&)> remove;
  Mutex mutex;
  std::list<const Hold*> holds GUARDED_BY(mutex);
  std::set<std::string> deferred GUARDED_BY(mutex);
};

HeldFiles::HeldFiles(std::function<void(const std::string&)> remove)
    : state_(std::make_shared<State>(std::move(remove))) {}

std::shared_ptr<HeldFiles::Hold> HeldFiles::hold_all() { return std::make_shared<Hold>(state_); }

bool HeldFiles::defer(const std::string& path) {
  const MutexLock lock(state_->mutex);
  if (!state_->is_held(path)) return false;
  state_->deferred.insert(path);
  return true;
}

HeldFiles::Hold::Hold(std::shared_ptr<State> state) : state_(std::move(state)) {
  const MutexLock lock(state_->mutex);
  state_->holds.push_back(this);
}

HeldFiles::Hold::~Hold() {
  std::vector<std::string> released;
  {
    const MutexLock lock(state_->mutex);
    state_->holds.remove(this);
    released = state_->take_released();
  }
  state_->remove_all(released);
}

void HeldFiles::Hold::keep_only(std::set<std::string> paths) {
  std::vector<std::string> released;
  {
    const MutexLock lock(state_->mutex);
    paths_ = std::move(paths);
    released = state_->take_released();
  }
  state_->remove_all(released);
}

}  // namespace varve::engine
