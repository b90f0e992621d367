// SPDX-License-Identifier: Apache-2.0
// The tree of names on the simulated disk: as programs see it, and as the disk keeps it. A name
// change is one step, all or nothing, that waits until its folder is synced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/random.h"
#include "io/simulated_bytes.h"

namespace varve {

/// A file or a folder, whatever its names are.
struct SimulatedNode {
  explicit SimulatedNode(bool folder) : is_folder(folder) {}

  const bool is_folder;
  SimulatedBytes bytes;  ///< Of a file.
  /// Of a folder: what programs see, and what the disk keeps.
  std::map<std::string, std::shared_ptr<SimulatedNode>> names;
  std::map<std::string, std::shared_ptr<SimulatedNode>> durable_names;
};

/// Paths are split at '/'; "", "." and "/" are the root, which always exists; ".." goes up.
/// A check_* function says what the real system would refuse; the function without that word
/// requires that it found nothing. Threads: not by itself.
class SimulatedNames {
 public:
  SimulatedNames();
  ~SimulatedNames();
  SimulatedNames(const SimulatedNames&) = delete;
  SimulatedNames& operator=(const SimulatedNames&) = delete;

  /// Null when nothing has the name.
  std::shared_ptr<SimulatedNode> find(std::string_view path) const;

  Result<void> check_create(const std::string& path) const;
  std::shared_ptr<SimulatedNode> create(const std::string& path, bool folder);
  Result<void> check_rename(const std::string& from, const std::string& to) const;
  void rename(const std::string& from, const std::string& to);
  Result<void> check_link(const std::string& from, const std::string& to) const;
  void link(const std::string& from, const std::string& to);
  Result<void> check_remove(const std::string& path) const;
  void remove(const std::string& path);

  /// Makes every waiting change of the folder's names durable, and with each the earlier changes of
  /// the same names. A rename between two folders is durable when either is synced.
  void sync(const SimulatedNode& folder);
  /// Keeps some waiting changes as the luck says; afterwards current and durable are the same,
  /// in the bytes of every file too.
  void lose_power(PowerLossLuck luck, Random& random);
  /// The sizes of all files that have a name.
  uint64_t used_bytes() const;

 private:
  using NodePointer = std::shared_ptr<SimulatedNode>;
  struct Place {
    NodePointer folder;
    std::string name;
  };
  struct Step {
    Place place;
    NodePointer target;  ///< Null: the name is gone.
  };
  using Change = std::vector<Step>;

  /// The folder may be null when nothing has its name.
  Place place_of(std::string_view path) const;
  Result<Place> existing_place(const std::string& path) const;
  void apply(Change change);
  void keep_if(const std::function<bool(const Change&)>& wanted);

  NodePointer root_;
  std::vector<Change> unsynced_;
};

}  // namespace varve
