// SPDX-License-Identifier: Apache-2.0
#include "io/simulated_names.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "io/file_system.h"

namespace varve {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return parts;
}

// Visits what the disk keeps or what programs see, each node once, in the order of names.
template <class Names, class Visit>
void visit_tree(const std::shared_ptr<SimulatedNode>& root, Names names, Visit visit) {
  std::set<const SimulatedNode*> seen;
  std::vector<std::shared_ptr<SimulatedNode>> waiting = {root};
  while (!waiting.empty()) {
    const std::shared_ptr<SimulatedNode> node = std::move(waiting.back());
    waiting.pop_back();
    if (!seen.insert(node.get()).second) continue;
    visit(*node);
    const auto& children = (*node).*names;
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      waiting.push_back(child->second);
    }
  }
}

// Null takes the name away.
void put(std::map<std::string, std::shared_ptr<SimulatedNode>>& names, const std::string& name,
         const std::shared_ptr<SimulatedNode>& target) {
  if (target) {
    names[name] = target;
  } else {
    names.erase(name);
  }
}

}  // namespace

SimulatedNames::SimulatedNames() : root_(std::make_shared<SimulatedNode>(true)) {}

SimulatedNames::~SimulatedNames() = default;

std::shared_ptr<SimulatedNode> SimulatedNames::find(std::string_view path) const {
  NodePointer node = root_;
  for (const std::string& part : split(path)) {
    const auto child = node->names.find(part);
    if (child == node->names.end()) return nullptr;
    node = child->second;
  }
  return node;
}

SimulatedNames::Place SimulatedNames::place_of(std::string_view path) const {
  std::vector<std::string> parts = split(path);
  if (parts.empty()) return {nullptr, "."};
  std::string name = std::move(parts.back());
  parts.pop_back();
  std::string folder;
  for (const std::string& part : parts) folder += part + "/";
  return {find(folder), std::move(name)};
}

Result<SimulatedNames::Place> SimulatedNames::existing_place(const std::string& path) const {
  Place place = place_of(path);
  if (!place.folder || !place.folder->names.contains(place.name)) {
    return fail(ErrorCode::kNotFound, "no such file or folder: " + path);
  }
  return place;
}

Result<void> SimulatedNames::check_create(const std::string& path) const {
  if (find(path)) return fail(ErrorCode::kAlreadyExists, "file exists: " + path);
  const Place place = place_of(path);
  if (!place.folder || !place.folder->is_folder) {
    return fail(ErrorCode::kNotFound, "no folder to hold the file: " + path);
  }
  return {};
}

std::shared_ptr<SimulatedNode> SimulatedNames::create(const std::string& path, bool folder) {
  auto node = std::make_shared<SimulatedNode>(folder);
  apply({{place_of(path), node}});
  return node;
}

Result<void> SimulatedNames::check_rename(const std::string& from, const std::string& to) const {
  const Place old_place = TRY(existing_place(from));
  const Place new_place = place_of(to);
  if (!new_place.folder || !new_place.folder->is_folder) {
    return fail(ErrorCode::kNotFound, "no folder to hold the file: " + to);
  }
  const NodePointer moved = old_place.folder->names.at(old_place.name);
  std::string above;
  for (const std::string& part : split(parent_folder(to))) {
    above += part + "/";
    if (find(above) == moved) {
      return fail(ErrorCode::kIo, "cannot rename a folder to below itself: " + from + " to " + to);
    }
  }
  const NodePointer replaced = find(to);
  if (!replaced || replaced == moved) return {};
  if (replaced->is_folder != moved->is_folder || !replaced->names.empty()) {
    return fail(ErrorCode::kIo, "cannot rename " + from + " over a folder: " + to);
  }
  return {};
}

void SimulatedNames::rename(const std::string& from, const std::string& to) {
  const Place old_place = place_of(from);
  const NodePointer moved = old_place.folder->names.at(old_place.name);
  if (find(to) == moved) return;
  apply({{old_place, nullptr}, {place_of(to), moved}});
}

Result<void> SimulatedNames::check_link(const std::string& from, const std::string& to) const {
  const Place place = TRY(existing_place(from));
  if (place.folder->names.at(place.name)->is_folder) {
    return fail(ErrorCode::kIo, "cannot link a folder: " + from);
  }
  return check_create(to);
}

void SimulatedNames::link(const std::string& from, const std::string& to) {
  apply({{place_of(to), find(from)}});
}

Result<void> SimulatedNames::check_remove(const std::string& path) const {
  const Place place = TRY(existing_place(path));
  if (!place.folder->names.at(place.name)->names.empty()) {
    return fail(ErrorCode::kIo, "cannot remove a folder that is not empty: " + path);
  }
  return {};
}

void SimulatedNames::remove(const std::string& path) { apply({{place_of(path), nullptr}}); }

void SimulatedNames::sync(const SimulatedNode& folder) {
  keep_if([&](const Change& change) {
    return std::any_of(change.begin(), change.end(),
                       [&](const Step& step) { return step.place.folder.get() == &folder; });
  });
}

void SimulatedNames::lose_power(PowerLossLuck luck, Random& random) {
  keep_if([&](const Change&) {
    if (luck == PowerLossLuck::kMixed) return (random.next_u64() & 1) != 0;
    return luck == PowerLossLuck::kKeepsEverything;
  });
  unsynced_.clear();
  visit_tree(root_, &SimulatedNode::durable_names, [&](SimulatedNode& node) {
    node.names = node.durable_names;
    node.bytes.lose_power(luck, random);
  });
}

uint64_t SimulatedNames::used_bytes() const {
  uint64_t used = 0;
  visit_tree(root_, &SimulatedNode::names,
             [&](const SimulatedNode& node) { used += node.bytes.current().size(); });
  return used;
}

void SimulatedNames::apply(Change change) {
  for (const Step& step : change) {
    CHECK(step.place.folder != nullptr);
    put(step.place.folder->names, step.place.name, step.target);
  }
  unsynced_.push_back(std::move(change));
}

void SimulatedNames::keep_if(const std::function<bool(const Change&)>& wanted) {
  // From the newest back: what is kept pulls along the older changes of the names it touches, or
  // else an old change, kept later, would undo a newer one.
  std::set<std::pair<const SimulatedNode*, std::string>> touched;
  std::vector<Change> kept;
  std::vector<Change> waiting;
  for (auto change = unsynced_.rbegin(); change != unsynced_.rend(); ++change) {
    const bool pulled = std::any_of(change->begin(), change->end(), [&](const Step& step) {
      return touched.contains({step.place.folder.get(), step.place.name});
    });
    if (!wanted(*change) && !pulled) {
      waiting.push_back(std::move(*change));
      continue;
    }
    for (const Step& step : *change) {
      touched.insert({step.place.folder.get(), step.place.name});
    }
    kept.push_back(std::move(*change));
  }
  for (auto change = kept.rbegin(); change != kept.rend(); ++change) {
    for (const Step& step : *change) {
      put(step.place.folder->durable_names, step.place.name, step.target);
    }
  }
  unsynced_.assign(std::make_move_iterator(waiting.rbegin()),
                   std::make_move_iterator(waiting.rend()));
}

}  // namespace varve
