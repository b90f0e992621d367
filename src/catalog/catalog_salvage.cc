// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog_salvage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "catalog/policy_rules.h"
#include "catalog/record_json.h"
#include "catalog/records.h"
#include "catalog/standing_records.h"

namespace varve {
namespace {

// Of each kind so many ids are skipped: newer ones may have been given that nothing shows.
constexpr uint64_t kIdJump = 1'000;

constexpr const char* kHeldUserName = "recovered";

struct Kind {
  std::string_view prefix;
  std::string_view counter;
  size_t ids;  // In the key; the last is its own.
};
constexpr Kind kKinds[] = {{kDatabasePrefix, "db", 1},          {kPolicyPrefix, "policy", 1},
                           {kTablePrefix, "table", 2},          {kSegmentPrefix, "segment", 2},
                           {kUserPrefix, "user", 1},            {kContinuousQueryPrefix, "cq", 2},
                           {kSubscriptionPrefix, "subscription", 2}};

class Sense {
 public:
  explicit Sense(CatalogEntries& entries) : entries_(entries) {}

  std::vector<std::string> make() {
    // The order: what is in something is looked at before that, and makes it when it is missing.
    read(kTablePrefix, decode_table, [&](const std::string& key, const TableRecord& found) {
      tables_[raw(found.policy)].emplace(raw(found.table.id), Named{key, found.table.name});
    });
    read(kSegmentPrefix, decode_segment, [&](const std::string& key, const SegmentRecord& found) {
      segments_[raw(found.policy)].push_back({key, found.segment});
    });
    read(kPolicyPrefix, decode_policy, [&](const std::string&, PolicyRecord found) {
      policies_.emplace(raw(found.policy.id), std::move(found));
    });
    read(kDatabasePrefix, decode_database, [&](const std::string&, Database found) {
      databases_.emplace(raw(found.id), std::move(found));
    });
    make_parents();
    tell_names_apart();
    remove_overlaps();
    check_standing();
    check_counters();
    return std::move(sentences_);
  }

 private:
  struct Named {
    std::string key;
    std::string name;
  };

  template <class Decode, class Take>
  void read(std::string_view prefix, Decode decode, Take take) {
    std::vector<std::string> senseless;
    for (auto at = entries_.lower_bound(prefix);
         at != entries_.end() && at->first.starts_with(prefix); ++at) {
      auto found = decode(at->first, at->second);
      if (found) {
        take(at->first, std::move(*found));
      } else {
        senseless.push_back(at->first);
      }
    }
    for (const std::string& key : senseless) remove(key, "it cannot be read");
  }

  void remove(const std::string& key, std::string_view why) {
    entries_.erase(key);
    sentences_.push_back("the entry " + key + " is lost: " + std::string(why));
  }

  void make_parents() {
    std::set<uint32_t> needed;
    for (const auto& [policy, tables] : tables_) needed.insert(policy);
    for (const auto& [policy, segments] : segments_) needed.insert(policy);
    for (const uint32_t id : needed) {
      if (policies_.contains(id)) continue;
      PolicyRecord made;
      made.policy = make_policy({.name = std::string(kDefaultPolicyName)}).value();
      made.policy.id = PolicyId{id};
      made.database = free_database();
      tell_made("policy", id);
      put(made);
      policies_.emplace(id, std::move(made));
    }
    for (const auto& [id, policy] : policies_) {
      if (databases_.contains(raw(policy.database))) continue;
      Database made;
      made.id = policy.database;
      made.name = std::string(kRecoveredName) + std::to_string(raw(made.id));
      made.default_policy = policy.policy.name;
      tell_made("database", raw(made.id));
      entries_.insert_or_assign(database_key(made.id), encode_database(made));
      databases_.emplace(raw(made.id), std::move(made));
    }
  }

  void put(const PolicyRecord& record) {
    entries_.insert_or_assign(policy_key(record.policy.id),
                              encode_policy(record.database, record.policy));
  }

  void tell_made(std::string_view what, uint32_t id) {
    sentences_.push_back("the name and the rules of " + std::string(what) + " " +
                         std::to_string(id) + " are lost; it keeps its rows for ever");
  }

  // Above every one that is named.
  DatabaseId free_database() {
    uint32_t highest = 0;
    for (const auto& [id, database] : databases_) highest = std::max(highest, id);
    for (const auto& [id, policy] : policies_) highest = std::max(highest, raw(policy.database));
    highest = std::max(highest, next_id(entries_, "db"));
    return DatabaseId{highest + 1};
  }

  // The lowest id keeps a name.
  template <class Rename>
  void take_name(std::set<std::string>& names, std::string& name, uint32_t id, Rename rename) {
    if (names.insert(name).second) return;
    const std::string old = name;
    name += "-" + std::to_string(id);
    names.insert(name);
    rename();
    sentences_.push_back("two have the name " + old + "; one is now " + name);
  }

  void tell_names_apart() {
    std::set<std::string> database_names;
    for (auto& [id, database] : databases_) {
      take_name(database_names, database.name, id, [&, &database = database] {
        entries_.insert_or_assign(database_key(database.id), encode_database(database));
      });
    }
    std::map<uint32_t, std::set<std::string>> policy_names;
    for (auto& [id, policy] : policies_) {
      take_name(policy_names[raw(policy.database)], policy.policy.name, id,
                [&, &policy = policy] { put(policy); });
    }
    for (auto& [policy, tables] : tables_) {
      std::set<std::string> table_names;
      for (auto& [id, table] : tables) {
        take_name(table_names, table.name, id, [&, &table = table] {
          auto stored = decode_table(table.key, entries_.find(table.key)->second);
          if (!stored) return;
          stored->table.name = table.name;
          entries_.insert_or_assign(table.key, encode_table(stored->table));
        });
      }
    }
  }

  // The newer one of two stays: the other was dropped, or its like would not have been made.
  void remove_overlaps() {
    for (auto& [policy, segments] : segments_) {
      std::ranges::sort(segments, [](const auto& a, const auto& b) {
        return raw(a.second.id) > raw(b.second.id);
      });
      std::vector<TimeRange> kept;
      for (const auto& [key, segment] : segments) {
        const auto is_over = [&, &range = segment.range](const TimeRange& other) {
          return other.overlaps(range);
        };
        if (std::ranges::any_of(kept, is_over)) {
          remove(key, "another segment has its times");
        } else {
          kept.push_back(segment.range);
        }
      }
    }
  }

  void check_standing() {
    read(kUserPrefix, decode_user, [](const std::string&, const User&) {});
    std::vector<std::string> alone;
    read(kContinuousQueryPrefix, decode_saved_query,
         [&](const std::string& key, const SavedQueryRecord& found) {
           if (!databases_.contains(raw(found.database))) alone.push_back(key);
         });
    read(kSubscriptionPrefix, decode_subscription,
         [&](const std::string& key, const SubscriptionRecord& found) {
           if (!policies_.contains(raw(found.policy))) alone.push_back(key);
         });
    for (const std::string& key : alone) remove(key, "what it belongs to is lost");
  }

  // Every counter is above the ids of its kind.
  void check_counters() {
    read(kNextPrefix, decode_counter, [](const std::string&, uint32_t) {});
    for (const Kind& kind : kKinds) {
      uint32_t highest = 0;
      for (auto at = entries_.lower_bound(kind.prefix);
           at != entries_.end() && at->first.starts_with(kind.prefix); ++at) {
        const auto ids = record::Record(at->first).ids(kind.prefix, kind.ids);
        if (ids) highest = std::max(highest, ids->back());
      }
      if (next_id(entries_, kind.counter) > highest) continue;
      raise_counter(entries_, kind.counter, highest + 1);
      sentences_.push_back("the counter of ids of kind " + std::string(kind.counter) +
                           " was behind");
    }
  }

  CatalogEntries& entries_;
  std::vector<std::string> sentences_;
  std::map<uint32_t, std::map<uint32_t, Named>> tables_;  // By policy and id.
  std::map<uint32_t, std::vector<std::pair<std::string, Segment>>> segments_;
  std::map<uint32_t, PolicyRecord> policies_;
  std::map<uint32_t, Database> databases_;
};

}  // namespace

std::vector<std::string> make_sense_of(CatalogEntries& entries) { return Sense(entries).make(); }

uint32_t next_id(const CatalogEntries& entries, std::string_view kind) {
  const std::string key = std::string(kNextPrefix) + std::string(kind);
  const auto stored = entries.find(key);
  return stored == entries.end() ? 1 : decode_counter(key, stored->second).value_or(1);
}

void raise_counter(CatalogEntries& entries, std::string_view kind, uint32_t next) {
  const std::string key = std::string(kNextPrefix) + std::string(kind);
  if (entries.contains(key) && next_id(entries, kind) >= next) return;
  entries.insert_or_assign(key, encode_counter(next));
}

std::string hold_users(CatalogEntries& entries) {
  const auto user = entries.lower_bound(kUserPrefix);
  if (user != entries.end() && user->first.starts_with(kUserPrefix)) return "";
  User held;
  held.id = UserId{next_id(entries, "user")};
  held.name = kHeldUserName;
  held.password.argon2id = "!";
  held.is_admin = true;
  raise_counter(entries, "user", raw(held.id) + 1);
  entries.insert_or_assign(user_key(held.id), encode_user(held));
  return "no user is left: to get in where auth is on, start once with it off and SET PASSWORD FOR "
         "\"" + held.name + "\", an administrator";
}

void raise_counters(CatalogEntries& entries) {
  for (const Kind& kind : kKinds) {
    const uint64_t next = uint64_t{next_id(entries, kind.counter)} + kIdJump;
    raise_counter(entries, kind.counter,
                  static_cast<uint32_t>(std::min<uint64_t>(next, record::kIdMax)));
  }
}

}  // namespace varve
