// SPDX-License-Identifier: Apache-2.0
// Work that stands in the catalog until somebody drops it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace varve {

enum class SavedQueryId : uint32_t {};
enum class SubscriptionId : uint32_t {};

/// A continuous query of a database.
struct SavedQuery {
  SavedQueryId id{};
  std::string name;
  std::string text;  ///< The whole statement that made it, every name in full.
};
using SavedQueryRef = std::shared_ptr<const SavedQuery>;

/// Where copies of what is written into a policy go.
struct Subscription {
  SubscriptionId id{};
  std::string name;
  std::string mode;  ///< "ALL" or "ANY".
  std::vector<std::string> destinations;  ///< URLs.
};
using SubscriptionRef = std::shared_ptr<const Subscription>;

}  // namespace varve
