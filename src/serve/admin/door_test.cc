// SPDX-License-Identifier: Apache-2.0
#include "serve/admin/door.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "auth/password.h"
#include "catalog/memory_key_value.h"
#include "serve/admin/admission.h"
#include "serve/http/client.h"
#include "serve/http/server.h"

namespace varve::admin {
namespace {

/// Does what the test says, and keeps what it was asked.
class FakeAdministration final : public Administration {
 public:
  Result<Outcome> back_up(const BackupQuestion& question, Progress& progress) override {
    asked = "backup " + question.to + (question.copies ? " copied" : "");
    return run(progress);
  }
  Result<Outcome> restore(const RestoreQuestion& question, Progress& progress) override {
    asked = "restore " + question.from + " " + question.database + " " + question.as + " " +
            question.table + (question.merges ? " merged" : "");
    return run(progress);
  }
  Result<Outcome> verify(Progress& progress) override {
    asked = "verify";
    return run(progress);
  }

  std::function<Result<Outcome>(Progress&)> run = [](Progress&) {
    return Outcome{.sentence = "all \"well\""};
  };
  std::string asked;
};

class AdminDoorTest : public ::testing::Test {
 protected:
  HttpResponse ask(std::string target, HttpHeaders headers = {}, std::string method = "POST") {
    HttpClient client{{"127.0.0.1", port_}};
    auto answer = client.ask(
        {.method = std::move(method), .target = std::move(target), .headers = std::move(headers)});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : HttpResponse{};
  }

  FakeAdministration all_;
  SimulatedClock clock_{0};
  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = open_catalog(disk_.open(), {}).value();
  SeededRandom random_{1};
  auth::Authenticator authenticator_{*catalog_, clock_, random_, {}};
  Access access_{authenticator_, {}};
  AdminDoor door_{all_, access_, clock_};
  HttpServer server_{{.port = 0, .threads = 1}, door_};
  uint16_t port_ = server_.start().value_or(0);
};

TEST_F(AdminDoorTest, HandsOnWhatIsAsked) {
  const auto asks = [&](const char* target, const char* asked) {
    const auto answer = ask(target);
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.body, "{\"done\":\"all \\\"well\\\"\",\"damaged\":0}\n");
    EXPECT_EQ(all_.asked, asked);
  };
  asks("/api/v1/backup?to=/b", "backup /b");
  asks("/api/v1/backup?to=/b%20c&copy=true", "backup /b c copied");
  asks("/api/v1/restore?from=/b&db=x", "restore /b x  ");
  asks("/api/v1/restore?from=/b&db=x&as=y&table=t&merge=true", "restore /b x y t merged");
  asks("/api/v1/verify", "verify");
}

TEST_F(AdminDoorTest, RefusesWhatItCannotHandOn) {
  const auto refuses = [&](const char* target, int status, const char* why) {
    const auto answer = ask(target);
    EXPECT_EQ(answer.status, status) << target;
    EXPECT_EQ(answer.body, "{\"error\":\"" + std::string(why) + "\"}\n");
    EXPECT_EQ(all_.asked, "");
  };
  refuses("/api/v1/backup", 400, "parameter \\\"to\\\" is missing");
  refuses("/api/v1/backup?to=b", 400, "parameter \\\"to\\\" is no absolute path: b");
  refuses("/api/v1/restore?from=/b", 400, "parameter \\\"db\\\" is missing");
  refuses("/api/v1/other", 404, "there is nothing at /api/v1/other");
  EXPECT_EQ(ask("/api/v1/verify", {}, "GET").status, 405);
}

TEST_F(AdminDoorTest, AnswersProgramsOfItsOwnMachineOnly) {
  EXPECT_EQ(ask("/api/v1/verify", {{"Origin", "http://localhost"}}).status, 403);
  EXPECT_EQ(ask("/api/v1/verify", {{"X-Forwarded-For", "10.0.0.1"}}).status, 403);
  EXPECT_EQ(all_.asked, "");
  const auto is_local = [](std::string address) {
    return is_from_this_machine({.remote_address = std::move(address)});
  };
  EXPECT_TRUE(is_local("127.0.0.1:40000"));
  EXPECT_TRUE(is_local("[::1]:40000"));
  EXPECT_FALSE(is_local("10.0.0.127:40000"));
  EXPECT_FALSE(is_local("[2001:db8::1]:40000"));
  EXPECT_FALSE(is_local(""));
}

TEST_F(AdminDoorTest, TellsHowFarItIsNowAndThen) {
  all_.run = [&](Progress& progress) -> Result<Outcome> {
    TRY_VOID(progress.tick([] { return "too early"; }));
    clock_.advance_ns(1'000'000'000);
    TRY_VOID(progress.tick([] { return "half"; }));
    TRY_VOID(progress.damage("a file"));
    return Outcome{.sentence = "ready", .damaged = 1};
  };
  EXPECT_EQ(ask("/api/v1/verify").body,
            "{\"progress\":\"half\"}\n"
            "{\"damage\":\"a file\"}\n"
            "{\"done\":\"ready\",\"damaged\":1}\n");
}

TEST_F(AdminDoorTest, SaysWhyAWorkFailedBeforeAndAfterItsFirstLine) {
  all_.run = [](Progress&) -> Result<Outcome> { return fail(ErrorCode::kNoSpace, "full"); };
  const auto early = ask("/api/v1/verify");
  EXPECT_EQ(early.status, 507);
  EXPECT_EQ(early.body, "{\"error\":\"full\"}\n");
  all_.run = [](Progress& progress) -> Result<Outcome> {
    TRY_VOID(progress.damage("a file"));
    return fail(ErrorCode::kNoSpace, "full");
  };
  const auto late = ask("/api/v1/verify");
  EXPECT_EQ(late.status, 200);
  EXPECT_EQ(late.body, "{\"damage\":\"a file\"}\n{\"error\":\"full\"}\n");
}

TEST_F(AdminDoorTest, DoesOneWorkAtATimeAndEndsItWhenTheServerStops) {
  std::promise<void> begun;
  all_.run = [&](Progress& progress) -> Result<Outcome> {
    begun.set_value();
    while (true) {
      TRY_VOID(progress.tick([] { return "on"; }));
      std::this_thread::yield();
    }
  };
  auto first = std::async(std::launch::async, [&] { return ask("/api/v1/verify"); });
  begun.get_future().wait();
  EXPECT_EQ(ask("/api/v1/verify").status, 409);
  door_.cancel();
  EXPECT_EQ(first.get().status, 503);
  all_.run = [](Progress&) { return Outcome{}; };
  EXPECT_EQ(ask("/api/v1/verify").status, 200);
}

TEST_F(AdminDoorTest, AsksForAnAdministratorWhereClientsAreAsked) {
  auth::Authenticator asking(*catalog_, clock_, random_, {.enabled = true});
  const Access access(asking, {});
  AdminDoor door(all_, access, clock_);
  HttpServer server({.port = 0, .threads = 1}, door);
  const uint16_t port = server.start().value_or(0);
  const auto status = [&](HttpHeaders headers) {
    const auto answer =
        HttpClient{{"127.0.0.1", port}}.ask({.method = "POST",
                                             .target = "/api/v1/verify",
                                             .headers = std::move(headers)});
    EXPECT_EQ(answer->headers.find("WWW-Authenticate").has_value(), answer->status == 401);
    return answer->status;
  };
  EXPECT_EQ(status({}), 403) << "there is no administrator yet";
  const auto password = auth::make_password_verifiers("pw", random_);
  ASSERT_TRUE(catalog_->create_user("bob", *password, false));
  ASSERT_TRUE(catalog_->create_user("ann", *password, true));
  EXPECT_EQ(status({}), 401);
  EXPECT_EQ(status({{"Authorization", "Token ann:wrong"}}), 401);
  EXPECT_EQ(status({{"Authorization", "Token bob:pw"}}), 403);
  EXPECT_EQ(all_.asked, "");
  EXPECT_EQ(status({{"Authorization", "Token ann:pw"}}), 200);
  // From wherever: what looks like a proxy is no matter any more.
  EXPECT_EQ(status({{"Authorization", "Token ann:pw"}, {"X-Forwarded-For", "10.0.0.1"}}), 200);
  EXPECT_EQ(all_.asked, "verify");
}

}  // namespace
}  // namespace varve::admin
