// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/door.h"

#include <gtest/gtest.h>

#include "serve/influx/accept.h"
#include "serve/influx/errors.h"
#include "serve/influx/parameters_json.h"
#include "serve/influx/query.h"
#include "serve/influx/write.h"

namespace varve::influx {
namespace {

/// Keeps the answer.
class Recorder final : public ResponseChannel {
 public:
  void send(HttpResponse answer) override { response = std::move(answer); }
  std::unique_ptr<ByteStream> begin(HttpResponse) override { return nullptr; }
  std::shared_ptr<std::atomic<bool>> cancelled() override {
    return std::make_shared<std::atomic<bool>>(false);
  }
  HttpResponse response;
};

HttpRequest request_of(std::string method, std::string path, std::string_view query = {},
                       HttpHeaders headers = {}, std::string body = {}) {
  return {.method = std::move(method),
          .path = std::move(path),
          .parameters = parse_form(query),
          .headers = std::move(headers),
          .body = std::move(body)};
}

const HttpHeaders kForm = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};

TEST(Reply, CarriesTheHeadersOfEveryAnswer) {
  const auto headers = common_headers(request_of("GET", "/ping"));
  EXPECT_EQ(headers.find("x-influxdb-version"), "1.8.10");
  EXPECT_EQ(headers.find("x-influxdb-build"), "OSS");
  const auto id = std::string(headers.find("Request-Id").value_or(""));
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '1') << id;
  EXPECT_EQ(headers.find("X-Request-Id"), id);
  EXPECT_FALSE(headers.find("Access-Control-Allow-Origin"));
  EXPECT_NE(make_request_id(), make_request_id());
}

TEST(Reply, EchoesTheClientsIdAndOrigin) {
  const auto headers = common_headers(request_of(
      "GET", "/ping", "", {{"Request-Id", "b"}, {"x-request-id", "a"}, {"Origin", "http://o"}}));
  EXPECT_EQ(headers.find("Request-Id"), "a");
  EXPECT_EQ(headers.find("Access-Control-Allow-Origin"), "http://o");
  EXPECT_EQ(common_headers(request_of("GET", "/", "", {{"Request-Id", "b"}})).find("X-Request-Id"),
            "b");
}

TEST(Reply, RepeatsErrorsInAHeader) {
  const auto recorder = std::make_shared<Recorder>();
  const Reply reply(request_of("POST", "/write"), Responder(recorder));
  reply.send_error(fail(ErrorCode::kOverloaded, "wait \"a\" bit").value());
  EXPECT_EQ(recorder->response.status, 503);
  EXPECT_EQ(recorder->response.body, "{\"error\":\"wait \\\"a\\\" bit\"}\n");
  EXPECT_EQ(recorder->response.headers.find("X-Influxdb-Error"), "wait \"a\" bit");
  EXPECT_EQ(recorder->response.headers.find("Retry-After"), "1");
  EXPECT_EQ(recorder->response.headers.find("Content-Type"), "application/json");
}

TEST(Accept, TakesTheFirstTypeWeHave) {
  const auto chooses = [](std::string_view accept, std::string_view type) {
    const auto form = choose_form(HttpHeaders{{"Accept", std::string(accept)}});
    EXPECT_EQ(form.content_type, type) << accept;
  };
  chooses("", "application/json");
  chooses("application/json", "application/json");
  chooses("text/csv", "text/csv");
  chooses("Application/CSV", "application/csv");
  chooses("application/x-msgpack", "application/x-msgpack");
  chooses("text/html, text/csv;q=0.5, application/json", "text/csv");
  chooses("*/*", "application/json");
  chooses("text/*", "text/csv");
  chooses("image/png", "application/json");
  EXPECT_EQ(choose_form(HttpHeaders{{"Accept", "image/png"}, {"Accept", "text/csv"}}).content_type,
            "text/csv");
  EXPECT_EQ(choose_form(HttpHeaders{}).format, ResultFormat::kJson);
}

TEST(ReadWrite, TakesWhatTheParametersSay) {
  auto request =
      request_of("POST", "/write", "db=d&rp=r&precision=s&consistency=ANY", {}, "m v=1 2\nbad");
  const auto question = read_write(request, 0, 1'000);
  ASSERT_TRUE(question) << question.error().message;
  EXPECT_EQ(question->target.database, "d");
  EXPECT_EQ(question->target.policy, "r");
  PointChunk chunk;
  ASSERT_TRUE(question->points->next(chunk));
  ASSERT_EQ(chunk.points.size(), 1u);
  EXPECT_EQ(chunk.points[0].time_ns, 2'000'000'000);
  EXPECT_FALSE(question->points->next(chunk));
  EXPECT_EQ(question->points->errors(), "unable to parse 'bad': missing fields");
}

TEST(ReadWrite, RefusesMalformedRequests) {
  const auto refuses = [](std::string_view query, HttpHeaders headers, std::string body,
                          ErrorCode code, std::string_view message) {
    auto request = request_of("POST", "/write", query, std::move(headers), std::move(body));
    const auto question = read_write(request, 0, 1'000);
    ASSERT_FALSE(question) << query;
    EXPECT_EQ(question.error().code, code);
    EXPECT_EQ(question.error().message, message);
  };
  using enum ErrorCode;
  refuses("", {}, "m v=1", kInvalidInput, "database is required");
  refuses("db=", {}, "m v=1", kInvalidInput, "database is required");
  refuses("db=d&precision=us", {}, "m v=1", kInvalidInput,
          "invalid precision \"us\" (use n, u, ms, s, m or h)");
  refuses("db=d&consistency=most", {}, "m v=1", kInvalidInput, "invalid consistency level");
  refuses("db=d", {{"Content-Encoding", "gzip"}}, "m v=1", kInvalidInput, "gzip: invalid header");
}

TEST(ReadWrite, BoundsDecompressedBodies) {
  // A gzip file with one stored block of 2,000 bytes.
  std::string body("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x01\xd0\x07\x2f\xf8", 15);
  body += std::string(2'000, '#') + std::string(8, '\0');
  auto request =
      request_of("POST", "/write", "db=d", {{"content-encoding", "gzip"}}, std::move(body));
  const auto question = read_write(request, 0, 1'000);
  ASSERT_FALSE(question);
  EXPECT_EQ(question.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(question.error().message, "Request Entity Too Large");
}

TEST(WordWrite, AnswersAsInfluxDbDoes) {
  const auto words = [](Result<IngestSummary> outcome, int status, std::string_view message) {
    const auto answer = word_write(outcome, {.database = "d", .policy = "autogen"});
    EXPECT_EQ(answer.status, status) << message;
    EXPECT_EQ(answer.message, message);
  };
  words(IngestSummary{.rows_written = 3}, 204, "");
  words(IngestSummary{}, 204, "");
  words(IngestSummary{.parse_errors = "unable to parse 'bad': missing fields"}, 400,
        "unable to parse 'bad': missing fields");
  words(IngestSummary{.rows_written = 1, .parse_errors = "unable to parse 'bad': missing fields"},
        400, "partial write: unable to parse 'bad': missing fields dropped=0 for database: d");
  words(IngestSummary{.rows_written = 1,
                      .rows_dropped = 2,
                      .drop_reason = "field type conflict: x",
                      .parse_errors = "unable to parse 'bad': missing fields"},
        400,
        "partial write: field type conflict: x dropped=2 for database: d for retention policy: "
        "autogen");
  words(IngestSummary{.rows_dropped = 2, .drop_reason = "points beyond retention policy"}, 400,
        "partial write: points beyond retention policy dropped=2");
  words(fail(ErrorCode::kNotFound, "database not found: \"x\""), 404, "database not found: \"x\"");
  words(fail(ErrorCode::kNotFound, "retention policy not found: x"), 500,
        "retention policy not found: x");
  words(fail(ErrorCode::kNoSpace, "full"), 507, "full");
  words(fail(ErrorCode::kOverloaded, "busy"), 503, "busy");
  words(fail(ErrorCode::kTooLarge, "too large"), 413, "too large");
  words(fail(ErrorCode::kIo, "broken"), 500, "broken");
}

TEST(ReadQuery, PrefersTheFormOverTheUrl) {
  const auto question = read_query(request_of("POST", "/query", "q=a&db=x&rp=r&pretty=true", kForm,
                                              "q=SELECT+1%3B&epoch=ms&chunked=true&chunk_size=7"));
  ASSERT_TRUE(question) << question.error().message;
  EXPECT_EQ(question->text, "SELECT 1;");
  EXPECT_EQ(question->database, "x");
  EXPECT_EQ(question->policy, "r");
  EXPECT_EQ(question->writer.epoch, TimePrecision::kMillisecond);
  EXPECT_TRUE(question->writer.pretty);
  EXPECT_TRUE(question->writer.chunked);
  EXPECT_EQ(question->writer.chunk_rows, 7u);
  EXPECT_FALSE(question->is_read_only);
}

TEST(ReadQuery, ReadsFormsOnlyWhereTheyAreForms) {
  EXPECT_EQ(read_query(request_of("POST", "/query", "q=a", {}, "q=b"))->text, "a");
  EXPECT_EQ(read_query(request_of("GET", "/query", "q=a", kForm, "q=b"))->text, "a");
  EXPECT_TRUE(read_query(request_of("GET", "/query", "q=a"))->is_read_only);
  const HttpHeaders multipart = {{"Content-Type", "multipart/form-data; boundary=X"}};
  EXPECT_EQ(read_query(request_of("POST", "/query", "", multipart,
                                  "--X\r\nContent-Disposition: form-data; name=\"q\"; "
                                  "filename=\"f\"\r\n\r\nSHOW DATABASES\r\n--X--"))
                ->text,
            "SHOW DATABASES");
}

TEST(ReadQuery, TakesOddChunkSizesForTheDefault) {
  const auto rows = [](std::string_view query) {
    return read_query(request_of("GET", "/query", query))->writer.chunk_rows;
  };
  EXPECT_EQ(rows("q=a&chunked=true"), 10'000u);
  EXPECT_EQ(rows("q=a&chunked=true&chunk_size=0"), 10'000u);
  EXPECT_EQ(rows("q=a&chunked=true&chunk_size=-1"), 10'000u);
  EXPECT_EQ(rows("q=a&chunked=true&chunk_size=1.5"), 10'000u);
  EXPECT_EQ(rows("q=a&chunked=true&chunk_size=5"), 5u);
  EXPECT_EQ(rows("q=a&chunked=yes&chunk_size=5"), 10'000u);
}

TEST(ReadQuery, RefusesWhatAsksNothing) {
  for (const auto* query : {"", "db=x", "q=", "q=%20%0a"}) {
    const auto question = read_query(request_of("GET", "/query", query));
    ASSERT_FALSE(question);
    EXPECT_EQ(question.error().message, "missing required parameter \"q\"");
  }
}

TEST(Parameters, TakeEveryKindOfValue) {
  using namespace influxql;
  const auto parameters = parse_parameters(
      R"({"s":"a","i":1577836830000000000,"f":2.5,"b":true,"n":null,"r":{"regex":"[ab]"},
          "d":{"duration":"30s"},"c":{"identifier":"usage"},"l":[1],"o":{}})");
  ASSERT_TRUE(parameters) << parameters.error().message;
  EXPECT_EQ(std::get<std::string>(parameters->at("s")), "a");
  EXPECT_EQ(std::get<int64_t>(parameters->at("i")), 1577836830000000000);
  EXPECT_EQ(std::get<double>(parameters->at("f")), 2.5);
  EXPECT_TRUE(std::get<bool>(parameters->at("b")));
  EXPECT_TRUE(std::holds_alternative<ParameterError>(parameters->at("n")));
  EXPECT_EQ(std::get<ParameterRegex>(parameters->at("r")).pattern, "[ab]");
  EXPECT_EQ(std::get<ParameterDuration>(parameters->at("d")).text, "30s");
  EXPECT_EQ(std::get<ParameterIdentifier>(parameters->at("c")).name, "usage");
  EXPECT_TRUE(std::holds_alternative<ParameterError>(parameters->at("l")));
  EXPECT_TRUE(std::holds_alternative<ParameterError>(parameters->at("o")));
}

TEST(Parameters, RefuseWhatIsNoObject) {
  const auto refuses = [](std::string_view json, std::string_view message) {
    const auto parameters = parse_parameters(json);
    ASSERT_FALSE(parameters) << json;
    EXPECT_EQ(parameters.error().message.substr(0, message.size()), message);
  };
  refuses(R"(["b"])",
          "error parsing query parameters: json: cannot unmarshal array into Go value of type "
          "map[string]interface {}");
  refuses("1", "error parsing query parameters: json: cannot unmarshal number");
  refuses("\"a\"", "error parsing query parameters: json: cannot unmarshal string");
  refuses(" ", "error parsing query parameters: EOF");
  refuses("{", "error parsing query parameters: ");
  refuses("{\"a\":18446744073709551615}", "error parsing ");
  refuses(std::string(1'000, '['), "error parsing query parameters: ");
  EXPECT_TRUE(parse_parameters("null")->empty());
}

TEST(Errors, HaveOneStatusEach) {
  EXPECT_EQ(status_of(ErrorCode::kNoSpace), 507);
  EXPECT_EQ(status_of(ErrorCode::kTimeout), 408);
  EXPECT_EQ(write_status_of({ErrorCode::kNotFound, "database not found: \"a\""}), 404);
  EXPECT_EQ(write_status_of({ErrorCode::kNotFound, "retention policy not found: a"}), 500);
  EXPECT_EQ(write_status_of({ErrorCode::kTooLarge, "cardinality limit exceeded: …"}), 422);
}

TEST(Write, IsLongWorkWhenTheBodyIsLargeOrPacked) {
  const auto is_long = [](std::string path, HttpHeaders headers, size_t bytes) {
    return is_long_work(request_of("POST", std::move(path), "db=d", std::move(headers),
                                   std::string(bytes, 'x')));
  };
  EXPECT_FALSE(is_long("/write", {}, 100'000));
  EXPECT_TRUE(is_long("/write", {}, 1'000'000));
  EXPECT_FALSE(is_long("/write", {{"Content-Encoding", "gzip"}}, 1'000));
  EXPECT_TRUE(is_long("/write", {{"Content-Encoding", "gzip"}}, 10'000));
  EXPECT_TRUE(is_long("/write", {{"Content-Type", "application/msgpack"}}, 10'000));
  EXPECT_TRUE(is_long("/api/v1/prom/write", {}, 10'000));
}

TEST(DetachedQueries, EndAloneOrWithTheServer) {
  DetachedQueries queries;
  const auto first = queries.begin();
  const auto second = queries.begin();
  first->store(true);
  EXPECT_FALSE(second->load());
  EXPECT_FALSE(queries.begin()->load());
  queries.stop();
  EXPECT_TRUE(second->load());
  EXPECT_TRUE(queries.begin()->load());
}

TEST(Health, FailsWhileWritesAreRefused) {
  const auto recorder = std::make_shared<Recorder>();
  const Reply reply(request_of("GET", "/health"), Responder(recorder));
  handle_health(nullptr, reply);
  EXPECT_EQ(recorder->response.status, 200);
  EXPECT_EQ(recorder->response.body,
            "{\"checks\":[],\"deletes_pending\":0,"
            "\"message\":\"ready for queries and writes\","
            "\"name\":\"varve\",\"quarantined_files\":0,\"status\":\"pass\","
            "\"version\":\"1.8.10\"}\n");
  handle_health([] { return HealthReport{false, "no space", {"a.sst: bad"}, 1, 2}; }, reply);
  EXPECT_EQ(recorder->response.status, 503);
  EXPECT_EQ(recorder->response.body,
            "{\"checks\":[{\"name\":\"damage\",\"status\":\"warn\",\"message\":\"a.sst: bad\"}],"
            "\"deletes_pending\":2,\"message\":\"no space\",\"name\":\"varve\","
            "\"quarantined_files\":1,\"status\":\"fail\","
            "\"version\":\"1.8.10\"}\n");
}

}  // namespace
}  // namespace varve::influx
