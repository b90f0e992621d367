// SPDX-License-Identifier: Apache-2.0
#include "auth/authenticator.h"

#include <gtest/gtest.h>

#include <future>

#include "auth/base64.h"
#include "auth/password.h"
#include "auth/scram.h"
#include "base/metrics.h"
#include "catalog/memory_key_value.h"

namespace varve::auth {
namespace {

Credentials password(std::string user, std::string text) {
  return {.kind = Credentials::Kind::kPassword,
          .user = std::move(user),
          .password = std::move(text)};
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  void add(std::string_view name, std::string_view text, bool is_admin = false) {
    ASSERT_TRUE(catalog_->create_user(name, *make_password_verifiers(text, random_), is_admin));
  }
  Result<Identity> ask(Authenticator& who, Credentials credentials) {
    // Not a reference to a local: what is answered late may come after a failed wait.
    const auto promise = std::make_shared<std::promise<Result<Identity>>>();
    auto future = promise->get_future();
    who.identify(std::move(credentials),
                 [promise](Result<Identity> found) { promise->set_value(std::move(found)); });
    return future.get();
  }
  std::string said(Authenticator& who, Credentials credentials) {
    const auto found = ask(who, std::move(credentials));
    return found ? std::string(found->name()) : found.error().message;
  }
  static uint64_t hashes() {
    return metrics::counter("varve_auth_hashes_total", "").value();
  }

  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = open_catalog(disk_.open(), {}).value();
  SimulatedClock clock_{1'600'000'000'000'000'000};
  SeededRandom random_{1};
};

TEST_F(AuthenticatorTest, AsksNobodyWhenItIsOff) {
  add("bob", "pw");
  Authenticator off(*catalog_, clock_, random_, {});
  const auto found = ask(off, {});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_admin());
  EXPECT_EQ(found->limited_to(), nullptr);
}

TEST_F(AuthenticatorTest, LetsTheFirstUserBeMadeByAnybody) {
  Authenticator on(*catalog_, clock_, random_, {.enabled = true});
  const auto found = ask(on, password("x", "y"));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_before_users());
  EXPECT_FALSE(found->is_admin());
  EXPECT_EQ(found->check_write(*catalog_->snapshot(), "db").error().message,
            "user is required to write to database \"db\"");
  add("bob", "pw");
  EXPECT_EQ(said(on, {}), "unable to parse authentication credentials");
}

TEST_F(AuthenticatorTest, KnowsUsersByTheirPasswords) {
  add("bob", "pw");
  Authenticator on(*catalog_, clock_, random_, {.enabled = true});
  EXPECT_EQ(said(on, password("bob", "pw")), "bob");
  EXPECT_EQ(said(on, password("bob", "pW")), "authorization failed");
  EXPECT_EQ(said(on, password("bob", "")), "authorization failed");
  EXPECT_EQ(said(on, password("eve", "pw")), "authorization failed");
  EXPECT_EQ(said(on, password("", "pw")), "username required");
  EXPECT_EQ(said(on, {.kind = Credentials::Kind::kBearer, .token = "a.b.c"}),
            "bearer auth disabled");
  Authenticator with_tokens(*catalog_, clock_, random_, {.enabled = true, .jwt_secret = "s"});
  EXPECT_EQ(said(with_tokens, {.kind = Credentials::Kind::kBearer, .token = "abc.def.ghi"}),
            "token is malformed: failed to unmarshal token header");
}

TEST_F(AuthenticatorTest, HashesAPasswordOnceUntilItOrItsUserChanges) {
  add("bob", "pw");
  Authenticator on(*catalog_, clock_, random_, {.enabled = true});
  const auto costs = [&](std::string_view text, std::string_view answer) {
    const uint64_t before = hashes();
    EXPECT_EQ(said(on, password("bob", std::string(text))), answer);
    return hashes() - before;
  };
  EXPECT_EQ(costs("pw", "bob"), 1u);
  EXPECT_EQ(costs("pw", "bob"), 0u);
  EXPECT_EQ(costs("x", "authorization failed"), 1u);
  EXPECT_EQ(costs("x", "authorization failed"), 1u) << "what is wrong is not remembered";
  ASSERT_TRUE(catalog_->set_password("bob", *make_password_verifiers("new", random_)));
  EXPECT_EQ(costs("pw", "authorization failed"), 1u);
  EXPECT_EQ(costs("new", "bob"), 1u);
  EXPECT_EQ(costs("new", "bob"), 0u);
  ASSERT_TRUE(catalog_->drop_user("bob"));
  add("bob", "other");
  EXPECT_EQ(costs("new", "authorization failed"), 1u);
}

TEST_F(AuthenticatorTest, NobodysNameCostsAsMuchAsAWrongPassword) {
  add("bob", "pw");
  Authenticator on(*catalog_, clock_, random_, {.enabled = true});
  const uint64_t before = hashes();
  EXPECT_EQ(said(on, password("eve", "x")), "authorization failed");
  EXPECT_EQ(hashes() - before, 1u);
}

TEST_F(AuthenticatorTest, ForgetsWhatWasNotUsedForLongAndWhatIsTooMuch) {
  add("bob", "pw");
  add("ann", "pw");
  Authenticator on(*catalog_, clock_, random_,
                   {.enabled = true, .verified_max = 1, .verified_ns = 1'000});
  const auto costs = [&](std::string_view user) {
    const uint64_t before = hashes();
    EXPECT_EQ(said(on, password(std::string(user), "pw")), user);
    return hashes() - before;
  };
  EXPECT_EQ(costs("bob"), 1u);
  clock_.advance_ns(900);
  EXPECT_EQ(costs("bob"), 0u);
  clock_.advance_ns(900);
  EXPECT_EQ(costs("bob"), 0u) << "used meanwhile";
  clock_.advance_ns(1'100);
  EXPECT_EQ(costs("bob"), 1u);
  EXPECT_EQ(costs("ann"), 1u);
  EXPECT_EQ(costs("bob"), 1u) << "ann took its place";
}

TEST_F(AuthenticatorTest, AnswersAFloodOfPasswordsWithinItsBounds) {
  add("bob", "pw");
  Authenticator on(*catalog_, clock_, random_,
                   {.enabled = true, .hashes_waiting_max = 2});
  ASSERT_EQ(said(on, password("bob", "pw")), "bob");
  const uint64_t before = hashes();
  std::vector<std::future<std::string>> answers;
  const auto send = [&](std::string text) {
    const auto promise = std::make_shared<std::promise<std::string>>();
    answers.push_back(promise->get_future());
    on.identify(password("bob", std::move(text)), [promise](const Result<Identity>& found) {
      promise->set_value(found ? "" : found.error().message);
    });
  };
  for (int i = 0; i < 50; ++i) send("wrong " + std::to_string(i));
  for (int i = 0; i < 50; ++i) send("wrong 0");
  EXPECT_EQ(said(on, password("bob", "pw")), "bob") << "who was verified does not wait";
  size_t refused = 0;
  for (auto& answer : answers) {
    refused += answer.get() == "too many passwords are waiting to be verified";
  }
  EXPECT_GT(refused, 0u);
  EXPECT_LT(hashes() - before, 60u) << "the same wrong password is hashed once";
}

TEST_F(AuthenticatorTest, RefusesAHashThatTheMemoryHasNoRoomFor) {
  add("bob", "pw");
  MemoryGovernor memory(64 << 20, {});
  memory.claim(MemoryGovernor::Use::kQueries, 64 << 20);
  Authenticator on(*catalog_, clock_, random_, {.enabled = true, .memory = &memory});
  const auto found = ask(on, password("bob", "pw"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kOverloaded);
}

TEST_F(AuthenticatorTest, SaysWhatAUserMayDo) {
  ASSERT_TRUE(catalog_->create_database("a", std::nullopt));
  ASSERT_TRUE(catalog_->create_database("b", std::nullopt));
  ASSERT_TRUE(catalog_->create_user("bob", {}, false));
  ASSERT_TRUE(catalog_->set_grant("bob", "a", Grant::kRead));
  const auto all = catalog_->snapshot();
  const auto bob = Identity::of(all->user("bob"));
  EXPECT_TRUE(bob.may(*all, "a", Grant::kRead));
  EXPECT_FALSE(bob.may(*all, "a", Grant::kWrite));
  EXPECT_FALSE(bob.may(*all, "a", Grant::kAll));
  EXPECT_FALSE(bob.may(*all, "b", Grant::kRead));
  EXPECT_FALSE(bob.may(*all, "nosuch", Grant::kRead));
  EXPECT_TRUE(bob.may(*all, "nosuch", Grant::kNone));
  EXPECT_EQ(bob.check_write(*all, "a").error().message,
            "\"bob\" user is not authorized to write to database \"a\"");
  EXPECT_EQ(bob.check_read(*all, "b").error().message,
            "user \"bob\" is not authorized to read from database \"b\"");
  EXPECT_TRUE(bob.check_read(*all, "a"));
  EXPECT_EQ(bob.check_admin().error().code, ErrorCode::kForbidden);
  ASSERT_TRUE(catalog_->set_admin("bob", true));
  EXPECT_TRUE(Identity::of(catalog_->snapshot()->user("bob")).check_admin());
}

TEST(Scram, VerifiesThePasswordItWasMadeOf) {
  SeededRandom random(1);
  // Source: RFC 7677, section 3: its password and salt; the keys are from Python's hashlib.
  const auto salt = *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==", Base64::kStandard);
  EXPECT_EQ(make_scram_verifier("pencil", salt, 4096),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
            "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  const std::string verifier = make_scram_verifier("pencil", random);
  EXPECT_TRUE(verifier.starts_with("SCRAM-SHA-256$4096:")) << verifier;
  EXPECT_TRUE(verify_scram("pencil", verifier));
  EXPECT_FALSE(verify_scram("pencils", verifier));
  EXPECT_NE(make_scram_verifier("pencil", random), verifier) << "a salt of its own";
  for (const char* nonsense : {"", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096", "SCRAM-SHA-256$4096:",
                               "SCRAM-SHA-256$0:AA==$a:b", "SCRAM-SHA-256$99999999999:AA==$a:b",
                               "SCRAM-SHA-256$2000000:AA==$a:b", "SCRAM-SHA-256$1$AA==:a:b"}) {
    EXPECT_FALSE(verify_scram("pencil", nonsense)) << nonsense;
  }
}

}  // namespace
}  // namespace varve::auth
