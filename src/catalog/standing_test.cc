// SPDX-License-Identifier: Apache-2.0
// Users, continuous queries and subscriptions.
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/memory_key_value.h"

namespace varve {
namespace {

class StandingTest : public ::testing::Test {
 protected:
  StandingTest() {
    open();
    EXPECT_TRUE(catalog_->create_database("db", std::nullopt));
  }
  void open() { catalog_ = open_catalog(disk_.open(), {}).value(); }
  template <class T>
  static std::string message(const Result<T>& result) {
    return result ? "" : result.error().message;
  }
  /// "bob db=1 ann+" for a user bob who may read db and an administrator ann.
  std::string users() {
    std::string text;
    const auto snapshot = catalog_->snapshot();
    for (const UserRef& user : snapshot->users) {
      text += (text.empty() ? "" : " ") + user->name + (user->is_admin ? "+" : "");
      for (const auto& [database, grant] : user->grants) {
        text += " " + std::to_string(raw(database)) + "=" + std::to_string(int(grant));
      }
    }
    return text;
  }

  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(StandingTest, KeepsUsersAndWhatTheyMayDo) {
  ASSERT_TRUE(catalog_->create_user("bob", {"hash of a"}, false));
  ASSERT_TRUE(catalog_->create_user("ann", {"hash of b"}, true));
  EXPECT_EQ(message(catalog_->create_user("bob", {"x"}, false)), "user already exists");
  EXPECT_EQ(message(catalog_->create_user("", {"x"}, false)), "username required");
  ASSERT_TRUE(catalog_->set_grant("bob", "db", Grant::kRead));
  EXPECT_EQ(users(), "bob 1=1 ann+");
  ASSERT_TRUE(catalog_->set_grant("bob", "db", Grant::kAll));
  ASSERT_TRUE(catalog_->set_admin("ann", false));
  ASSERT_TRUE(catalog_->set_password("bob", {"hash of c", "SCRAM of c"}));
  open();
  EXPECT_EQ(users(), "bob 1=3 ann");
  EXPECT_EQ(catalog_->snapshot()->user("bob")->password.argon2id, "hash of c");
  EXPECT_EQ(catalog_->snapshot()->user("bob")->password.scram_sha_256, "SCRAM of c");
  EXPECT_EQ(catalog_->snapshot()->user("ann")->password.scram_sha_256, "") << "as of old";
  EXPECT_EQ(message(catalog_->set_grant("bob", "x", Grant::kRead)), "database not found: x");
  EXPECT_EQ(message(catalog_->set_grant("eve", "x", Grant::kRead)), "user not found");
  EXPECT_EQ(message(catalog_->set_password("eve", {"x"})), "user not found");
  EXPECT_EQ(message(catalog_->set_admin("eve", true)), "user not found");
  EXPECT_EQ(message(catalog_->drop_user("eve")), "user not found");
  ASSERT_TRUE(catalog_->drop_user("bob"));
  open();
  EXPECT_EQ(users(), "ann");
}

TEST_F(StandingTest, GrantsGoWithTheirDatabase) {
  ASSERT_TRUE(catalog_->create_user("bob", {""}, false));
  ASSERT_TRUE(catalog_->set_grant("bob", "db", Grant::kRead));
  ASSERT_TRUE(catalog_->drop_database("db"));
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  EXPECT_EQ(users(), "bob");
  open();
  EXPECT_EQ(users(), "bob");
}

TEST_F(StandingTest, KeepsContinuousQueriesByName) {
  const auto names = [&] {
    std::string text;
    const auto database = catalog_->snapshot()->database("db");
    if (!database) return text;
    for (const auto& query : database->continuous_queries) text += query->name + query->text;
    return text;
  };
  for (int i = 0; i < 11; ++i) {
    ASSERT_TRUE(catalog_->create_continuous_query("db", std::string(1, char('z' - i)), "."));
  }
  EXPECT_EQ(names(), "z.y.x.w.v.u.t.s.r.q.p.");
  open();
  EXPECT_EQ(names(), "z.y.x.w.v.u.t.s.r.q.p.") << "in order of creation";
  for (int i = 1; i < 11; ++i) {
    ASSERT_TRUE(catalog_->drop_continuous_query("db", std::string(1, char('z' - i))));
  }
  EXPECT_EQ(message(catalog_->create_continuous_query("db", "z", "other")),
            "continuous query already exists");
  ASSERT_TRUE(catalog_->create_continuous_query("db", "a", "Select"));
  EXPECT_TRUE(catalog_->create_continuous_query("db", "a", "SELECT")) << "the same";
  EXPECT_EQ(message(catalog_->create_continuous_query("x", "z", "")), "database not found: x");
  EXPECT_TRUE(catalog_->drop_continuous_query("x", "z"));
  EXPECT_TRUE(catalog_->drop_continuous_query("db", "nosuch"));
  ASSERT_TRUE(catalog_->drop_continuous_query("db", "z"));
  open();
  EXPECT_EQ(names(), "aSelect");
  ASSERT_TRUE(catalog_->drop_database("db"));
  ASSERT_TRUE(catalog_->create_database("db", std::nullopt));
  open();
  EXPECT_EQ(names(), "");
}

TEST_F(StandingTest, KeepsSubscriptionsOfPolicies) {
  const auto names = [&] {
    std::string text;
    for (const auto& policy : catalog_->snapshot()->database("db")->policies) {
      for (const auto& subscription : policy->subscriptions) {
        text += policy->name + "." + subscription->name + " " + subscription->mode;
        for (const auto& destination : subscription->destinations) text += " " + destination;
      }
    }
    return text;
  };
  const Subscription subscription{.id = {}, .name = "s", .mode = "ANY", .destinations = {"a", "b"}};
  ASSERT_TRUE(catalog_->create_subscription("db", "autogen", subscription));
  ASSERT_TRUE(catalog_->alter_policy("db", {.name = "autogen"}, "p"));
  open();
  EXPECT_EQ(names(), "p.s ANY a b");
  EXPECT_EQ(message(catalog_->create_subscription("db", "p", subscription)),
            "subscription already exists");
  EXPECT_EQ(message(catalog_->create_subscription("x", "p", subscription)),
            "database not found: x");
  EXPECT_EQ(message(catalog_->create_subscription("db", "q", subscription)),
            "retention policy not found: q");
  EXPECT_EQ(message(catalog_->drop_subscription("db", "p", "t")), "subscription not found");
  ASSERT_TRUE(catalog_->drop_subscription("db", "p", "s"));
  open();
  EXPECT_EQ(names(), "");
  ASSERT_TRUE(catalog_->create_subscription("db", "p", subscription));
  ASSERT_TRUE(catalog_->drop_policy("db", "p"));
  open();
  for (const auto& [key, value] : disk_.content()) {
    EXPECT_FALSE(key.starts_with("subscription/")) << key;
  }
}

TEST_F(StandingTest, NamesTheEntryThatMakesNoSense) {
  const auto refuses = [](std::string key, std::string value, std::string_view text) {
    MemoryKeyValueDisk disk;
    auto change = disk.open()->begin();
    ASSERT_TRUE((*change)->put(key, value) && (*change)->commit());
    const auto opened = open_catalog(disk.open(), {});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, "catalog entry makes no sense: " + key + ": " +
                                          std::string(text));
  };
  const std::string user = "1{\"name\":\"a\",\"password_hash\":\"\",\"grants\":";
  refuses("user/1", "1{\"name\":\"a\"}", "no password_hash");
  refuses("user/1", user + "5}", "no grants");
  refuses("user/1", user + "[[1]]}", "a grant is no pair");
  refuses("user/1", user + "[[0,\"read\"]]}", "a grant names no database");
  refuses("user/1", user + "[[1,\"rule\"]]}", "unknown grant: rule");
  refuses("user/1", user + "[],\"admin\":1}", "admin is neither true nor false");
  refuses("cq/7/1", "1{\"name\":\"a\",\"text\":\"\"}", "its database does not exist");
  refuses("subscription/7/1", "1{\"name\":\"a\",\"mode\":\"ALL\",\"destinations\":[]}",
          "its policy does not exist");
}

}  // namespace
}  // namespace varve
