// SPDX-License-Identifier: Apache-2.0
// The door behind a real server and over a real catalog and query engine; only the Store is empty.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "catalog/memory_key_value.h"
#include "serve/http/client.h"
#include "serve/http/server.h"
#include "serve/influx/door.h"

namespace varve::influx {
namespace {

/// Keeps nothing.
class EmptyStore final : public Store, public StoreAdmin {
 public:
  void write(WriteRequest, WriteDone done) override { done({}); }
  Result<std::unique_ptr<BatchStream>> scan(const ScanSpec&, CancelFlag) override {
    class Nothing final : public BatchStream {
      Result<ScanBatch> next() override { return ScanBatch{}; }
    };
    return std::make_unique<Nothing>();
  }
  Result<SeriesList> list_series(const SeriesSpec&) override { return SeriesList{}; }
  Result<std::vector<ColumnId>> list_columns(TableId, TimeRange) override {
    return std::vector<ColumnId>{};
  }
  TableStats stats(TableId) override { return {}; }
  Result<void> remove(const DeleteSpec&) override { return {}; }
  Result<void> flush() override { return {}; }
  Result<void> drop_tables(const std::vector<TableId>&) override { return {}; }
  Result<void> drop_segments(const std::vector<SegmentId>&) override { return {}; }
};

/// Answers with what the test says, and keeps what it was asked.
class FakeIngest final : public Ingest {
 public:
  void write(IngestTarget asked, std::unique_ptr<PointSource>, IngestDone done) override {
    target = std::move(asked);
    done(outcome);
  }
  void forget_fields(TableId) override {}
  void stop() override {}
  IngestTarget target;
  Result<IngestSummary> outcome = IngestSummary{.rows_written = 1};
};

class DoorTest : public ::testing::Test {
 protected:
  HttpResponse ask(std::string method, std::string target, HttpHeaders headers = {},
                   std::string body = {}) {
    auto answer = client_.ask({.method = std::move(method),
                               .target = std::move(target),
                               .headers = std::move(headers),
                               .body = std::move(body)});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : HttpResponse{};
  }

  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = open_catalog(disk_.open(), {}).value();
  EmptyStore store_;
  FakeIngest ingest_;
  SimulatedClock clock_{1'577'836'800'000'000'000};
  SeededRandom random_{1};
  influxql::InfluxqlEngine queries_{{*catalog_, ingest_, store_, store_, clock_, random_}, {}};
  WorkerPool pool_{"query", 1, 1};
  auth::Authenticator authenticator_{*catalog_, clock_, random_, {}};
  Access access_{authenticator_, {}};
  HealthReport health_;
  InfluxDoor door_{*catalog_,
                   ingest_,
                   queries_,
                   pool_,
                   access_,
                   clock_,
                   [this] { return health_; },
                   {.body_bytes_max = 100}};
  HttpServer server_{{.port = 0, .threads = 1, .body_bytes_max = 100}, door_};
  uint16_t port_ = server_.start().value_or(0);
  HttpClient client_{{"127.0.0.1", port_}};
};

TEST_F(DoorTest, AnswersEveryPathWithTheCommonHeaders) {
  const auto answers = [&](const char* method, const char* target, int status,
                           std::string_view body) {
    const auto answer = ask(method, target);
    EXPECT_EQ(answer.status, status) << method << " " << target;
    EXPECT_EQ(answer.body, body) << method << " " << target;
    EXPECT_TRUE(answer.headers.find("X-Influxdb-Version")) << target;
    EXPECT_TRUE(answer.headers.find("Request-Id")) << target;
  };
  answers("GET", "/ping", 204, "");
  answers("HEAD", "/ping", 204, "");
  answers("GET", "/ping?verbose=true", 200, "{\"version\":\"1.8.10\"}\n");
  answers("GET", "/ping?verbose=false", 204, "");
  answers("POST", "/ping", 405, "Method Not Allowed\n");
  answers("GET", "/status", 204, "");
  answers("HEAD", "/health", 200, "");
  answers("GET", "/health/ready", 200, "{\"status\":\"pass\",\"message\":\"ready\"}\n");
  answers("GET", "/", 404, "404 page not found\n");
  answers("GET", "/write", 405, "Method Not Allowed\n");
  answers("PUT", "/query", 405, "Method Not Allowed\n");
  answers("HEAD", "/query?q=a", 405, "");
  answers("OPTIONS", "/write", 200, "");
  answers("POST", "/write/", 404, "404 page not found\n");
}

TEST_F(DoorTest, FailsItsHealthWhileTheDiskIsFull) {
  health_ = {.writable = false, .reason = "no space"};
  EXPECT_EQ(ask("GET", "/health").status, 503);
  EXPECT_EQ(ask("GET", "/health/ready").status, 200);
}

TEST_F(DoorTest, ServesItsMetrics) {
  ask("GET", "/query?q=SHOW+DATABASES");
  const auto answer = ask("GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  for (const auto* name :
       {"varve_write_requests_total", "varve_write_errors_total", "varve_write_payload_bytes_count",
        "varve_write_duration_seconds_count", "varve_query_requests_total",
        "varve_query_errors_total", "varve_query_duration_seconds_count",
        "varve_write_points_total", "varve_uptime_seconds"}) {
    EXPECT_NE(answer.body.find(std::string("\n") + name), std::string::npos) << name;
  }
}

TEST_F(DoorTest, WritesAndSaysWhatWentWrong) {
  auto answer = ask("POST", "/write?db=d&rp=r", {}, "m v=1");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(ingest_.target.database, "d");
  EXPECT_EQ(ingest_.target.policy, "r");

  ingest_.outcome = fail(ErrorCode::kNotFound, "database not found: \"d\"");
  answer = ask("POST", "/write?db=d", {}, "m v=1");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "{\"error\":\"database not found: \\\"d\\\"\"}\n");
  EXPECT_EQ(answer.headers.find("X-Influxdb-Error"), "database not found: \"d\"");

  ASSERT_TRUE(catalog_->create_database("d", std::nullopt));
  ingest_.outcome = IngestSummary{.rows_dropped = 1, .drop_reason = "field type conflict: x"};
  answer = ask("POST", "/write?db=d", {}, "m v=1");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.headers.find("X-Influxdb-Error"),
            "partial write: field type conflict: x dropped=1 for database: d for retention policy: "
            "autogen");

  ingest_.outcome = fail(ErrorCode::kOverloaded, "the queue is full");
  answer = ask("POST", "/write?db=d", {}, "m v=1");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.find("Retry-After"), "1");
}

TEST_F(DoorTest, RefusesBodiesThatAreTooLarge) {
  const auto answer = ask("POST", "/write?db=d", {}, std::string(101, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "{\"error\":\"Request Entity Too Large\"}\n");
  EXPECT_EQ(answer.headers.find("Connection"), "close");
}

TEST_F(DoorTest, RunsQueriesAndAnswersInTheFormThatWasAskedFor) {
  const HttpHeaders form = {{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(ask("POST", "/query", form, "q=CREATE+DATABASE+plant").body,
            "{\"results\":[{\"statement_id\":0}]}\n");
  EXPECT_EQ(ask("GET", "/query?q=SHOW+DATABASES").body,
            "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"databases\",\"columns\":"
            "[\"name\"],\"values\":[[\"plant\"]]}]}]}\n");
  const auto csv = ask("GET", "/query?q=SHOW+DATABASES", {{"Accept", "text/csv"}});
  EXPECT_EQ(csv.headers.find("Content-Type"), "text/csv");
  EXPECT_EQ(csv.body, "name,tags,name\ndatabases,,plant\n");
  const auto chunked = ask("GET", "/query?q=SHOW+DATABASES&chunked=true");
  EXPECT_EQ(chunked.headers.find("Transfer-Encoding"), "chunked");
  EXPECT_NE(chunked.body.find("plant"), std::string::npos);
}

TEST_F(DoorTest, RefusesWhatDoesNotParseInTheFormThatWasAskedFor) {
  auto answer = ask("GET", "/query?q=SELEC");
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.body.starts_with("{\"error\":\"error parsing query: found SELEC"))
      << answer.body;
  EXPECT_TRUE(answer.headers.find("X-Influxdb-Error"));
  answer = ask("GET", "/query?q=SELEC", {{"Accept", "application/csv"}});
  EXPECT_TRUE(answer.body.starts_with("error\n\"error parsing query: found SELEC")) << answer.body;
  EXPECT_EQ(answer.headers.find("Content-Type"), "application/csv");
  EXPECT_EQ(ask("GET", "/query").body, "{\"error\":\"missing required parameter \\\"q\\\"\"}\n");
}

TEST_F(DoorTest, AnswersBeforeAnAsyncQueryHasRun) {
  EXPECT_EQ(ask("POST", "/query?async=true&q=CREATE+DATABASE+later").status, 204);
  pool_.stop();
  EXPECT_NE(catalog_->snapshot()->database("later"), nullptr);
}

TEST_F(DoorTest, RefusesQueriesBeyondTheQueue) {
  // The fixture's own query may still count as running, so the job itself says that it has begun. A
  // promise that is given up frees it too, should the test end early.
  std::promise<void> gate;
  const auto has_begun = std::make_shared<std::atomic<bool>>(false);
  const auto job = [open = gate.get_future().share(), has_begun] {
    has_begun->store(true);
    open.wait();
  };
  while (!pool_.try_submit(job)) std::this_thread::yield();
  while (!has_begun->load()) std::this_thread::yield();
  ASSERT_TRUE(pool_.try_submit([] {}));
  const auto answer = ask("GET", "/query?q=SHOW+DATABASES");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.find("Retry-After"), "1");
  EXPECT_EQ(answer.body, "{\"error\":\"too many queries are waiting\"}\n");
  EXPECT_EQ(ask("GET", "/health/ready").status, 503);
  gate.set_value();
}

}  // namespace
}  // namespace varve::influx
