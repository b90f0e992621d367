// SPDX-License-Identifier: Apache-2.0
// Files that somebody still needs under their names, for example to copy them: while they are held,
// removing them waits.
// Threads: safe anywhere.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace varve::engine {

class HeldFiles {
 public:
  /// Keeps files until it ends. It ends before what `remove` of its HeldFiles needs.
  class Hold;

  /// `remove` takes away a file that is not held any more; called on the thread that ends a hold.
  explicit HeldFiles(std::function<void(const std::string& path)> remove);

  /// Holds every file there is. Read the list of files after this call, then tell the hold which
  /// of them it is about: keep_only().
  std::shared_ptr<Hold> hold_all();
  /// True when the file is held: it goes when the last hold on it ends. False: remove it now.
  bool defer(const std::string& path);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

class HeldFiles::Hold {
 public:
  explicit Hold(std::shared_ptr<State> state);
  ~Hold();
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  /// From now on only these.
  void keep_only(std::set<std::string> paths);

 private:
  friend struct State;
  std::shared_ptr<State> state_;
  std::optional<std::set<std::string>> paths_;  // Guarded by the state; none: every file.
};

}  // namespace varve::engine
