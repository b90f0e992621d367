// SPDX-License-Identifier: Apache-2.0
// Makes a catalog that can be opened out of entries of which some are lost or damaged. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog_log.h"

namespace varve {

/// Takes out what does not make sense, and makes the databases and policies that others are in.
/// Gives what it did, one sentence each; nothing is changed when all makes sense.
std::vector<std::string> make_sense_of(CatalogEntries& entries);

/// Ids that lost entries had are not given again, as far as the entries show.
void raise_counters(CatalogEntries& entries);

/// The id that the next of that kind ("table") gets.
uint32_t next_id(const CatalogEntries& entries, std::string_view kind);

/// The counter of that kind is at least `next`.
void raise_counter(CatalogEntries& entries, std::string_view kind, uint32_t next);

/// Without any user the first caller could become the administrator: then one is made with a hash
/// that no password has. Gives what to do about that, for a person; empty when there is a user.
std::string hold_users(CatalogEntries& entries);

/// What rows without a name are put in: a policy that keeps for ever.
inline constexpr std::string_view kRecoveredName = "recovered-";

}  // namespace varve
