// SPDX-License-Identifier: Apache-2.0
#include "varve/import_sender.h"

#include <gtest/gtest.h>

#include <set>

#include "serve/http/server.h"

namespace varve {
namespace {

/// Refuses lines as InfluxDB would: those with "bad" do not parse, those with "clash" are dropped.
class Target final : public HttpHandler {
 public:
  void handle(HttpRequest request, Responder responder) override {
    ++requests;
    if (busy_answers > 0) {
      --busy_answers;
      return responder.send({.status = 503, .body = "{\"error\":\"busy\"}"});
    }
    if (status != 0) return responder.send({.status = status, .body = "{\"error\":\"no such\"}"});
    std::string parse_errors;
    int dropped = 0;
    for (size_t at = 0; at < request.body.size();) {
      const auto end = std::min(request.body.find('\n', at), request.body.size());
      const auto line = request.body.substr(at, end - at);
      at = end + 1;
      if (line.find("bad") != std::string::npos) {
        parse_errors += std::string(parse_errors.empty() ? "" : "\\n") + "unable to parse '" +
                        line + "': missing fields";
      } else if (line.find("clash") != std::string::npos) {
        ++dropped;
      } else {
        stored.insert(line);
      }
    }
    if (dropped > 0) {
      return responder.send({.status = 400,
                             .body = "{\"error\":\"partial write: field type conflict dropped=" +
                                     std::to_string(dropped) + " for database: d\"}"});
    }
    if (!parse_errors.empty()) {
      return responder.send(
          {.status = 400, .body = "{\"error\":\"partial write: " + parse_errors + " dropped=0\"}"});
    }
    responder.send({.status = 204});
  }
  HttpResponse refuse(const HttpRequest&, int code, std::string_view) override {
    return {.status = code};
  }

  int requests = 0;
  int busy_answers = 0;
  int status = 0;
  std::set<std::string> stored;
};

class ImportSenderTest : public ::testing::Test {
 protected:
  static ImportBatch batch_of(std::string text, uint64_t line_first) {
    ImportBatch batch{
        .context = {.database = "d"}, .text = std::move(text), .line_first = line_first};
    for (const char c : batch.text) batch.line_count += c == '\n';
    return batch;
  }

  Target target_;
  HttpServer server_{{.port = 0, .threads = 1}, target_};
  uint16_t port_ = server_.start().value_or(0);
  std::atomic<bool> stopped_{false};
  ImportSender sender_{HttpClient({"127.0.0.1", port_}),
                       {.tries_max = 3, .first_pause_ms = 1},
                       stopped_};
};

TEST_F(ImportSenderTest, FindsTheLinesThatDidNotParseWithoutAskingAgain) {
  const auto refused = sender_.send(batch_of("a v=1\nbad 1\nc v=1\nbad 2\n", 11));
  ASSERT_TRUE(refused) << refused.error().message;
  ASSERT_EQ(refused->size(), 2u);
  EXPECT_EQ((*refused)[0].line, 12u);
  EXPECT_EQ((*refused)[0].text, "bad 1");
  EXPECT_EQ((*refused)[0].message, "unable to parse 'bad 1': missing fields");
  EXPECT_EQ((*refused)[1].line, 14u);
  EXPECT_EQ(target_.requests, 1);
  EXPECT_EQ(target_.stored, (std::set<std::string>{"a v=1", "c v=1"}));
}

TEST_F(ImportSenderTest, FindsDroppedLinesByHalves) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += (i == 37   ? "clash"
             : i == 80 ? "bad"
                       : "m") +
            std::string(" v=") + std::to_string(i) + "\n";
  }
  const auto refused = sender_.send(batch_of(text, 1));
  ASSERT_TRUE(refused) << refused.error().message;
  ASSERT_EQ(refused->size(), 2u);
  EXPECT_EQ((*refused)[0].line, 38u);
  EXPECT_EQ((*refused)[0].message, "field type conflict");
  EXPECT_EQ((*refused)[1].line, 81u);
  EXPECT_EQ(target_.stored.size(), 98u);
}

TEST_F(ImportSenderTest, TriesAgainWhatMayWorkLater) {
  target_.busy_answers = 2;
  EXPECT_TRUE(sender_.send(batch_of("a v=1\n", 1)));
  EXPECT_EQ(target_.requests, 3);
  target_.busy_answers = 100;
  const auto refused = sender_.send(batch_of("a v=1\n", 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "line 1: the server answered with status 503: busy");
}

TEST_F(ImportSenderTest, EndsAtErrorsThatConcernAllLines) {
  target_.status = 500;
  const auto refused = sender_.send(batch_of("a v=1\nb v=1\n", 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "line 1: the server answered with status 500: no such");
  EXPECT_EQ(target_.requests, 1);
  server_.stop(0);
  EXPECT_EQ(sender_.send(batch_of("a v=1\n", 1)).error().message,
            "nothing answers at 127.0.0.1:" + std::to_string(port_) + ": Connection refused");
}

TEST(BareReason, LeavesOutWhatEveryAnswerRepeats) {
  EXPECT_EQ(bare_reason("partial write: x y dropped=3"), "x y");
  EXPECT_EQ(bare_reason("partial write: x y dropped=3 for database: d"), "x y");
  EXPECT_EQ(bare_reason("unable to parse 'a': missing fields"),
            "unable to parse 'a': missing fields");
  EXPECT_EQ(error_of_body("{\"error\":\"a\\nb\"}"), "a\nb");
  EXPECT_EQ(error_of_body("<html>"), "<html>");
}

}  // namespace
}  // namespace varve
