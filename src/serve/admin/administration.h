// SPDX-License-Identifier: Apache-2.0
// What may be asked of a running server besides reading and writing. The program implements it; the
// door words questions and answers.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve::admin {

/// How far a long work is. Threads: one owner.
class Progress {
 public:
  virtual ~Progress() = default;
  /// Now and then, often: words the sentence only when it is time to tell one. An error ends the
  /// work with it: whoever asked went away, or the server stops.
  virtual Result<void> tick(const std::function<std::string()>& sentence) = 0;
  /// Something that was found damaged, as it is found; told in any case.
  virtual Result<void> damage(std::string_view sentence) = 0;
};

struct BackupQuestion {
  std::string to;       ///< A folder of the server's machine, absolute; or s3://bucket/name.
  bool copies = false;  ///< No hard links.
};

struct RestoreQuestion {
  std::string from;  ///< A folder with a backup, on the server's machine, absolute; or s3://….
  std::string database;
  std::string as;     ///< Name of the database to make; empty: the same.
  std::string table;  ///< Empty: all of them.
  bool merges = false;  ///< Writes into what exists already.
};

/// How a work ended that did not fail.
struct Outcome {
  std::string sentence;
  uint64_t damaged = 0;  ///< Found, and told to Progress.
};

/// Threads: one call at a time; calls take long.
class Administration {
 public:
  virtual ~Administration() = default;
  virtual Result<Outcome> back_up(const BackupQuestion& question, Progress& progress) = 0;
  virtual Result<Outcome> restore(const RestoreQuestion& question, Progress& progress) = 0;
  virtual Result<Outcome> verify(Progress& progress) = 0;
};

}  // namespace varve::admin
