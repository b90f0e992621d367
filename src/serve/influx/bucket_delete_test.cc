// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/bucket_delete.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "query/influxql/ast_text.h"

namespace varve::influx {
namespace {

std::string statement_of(const std::string& predicate) {
  const nlohmann::json body{{"start", "2020-01-01T00:00:00Z"},
                            {"stop", "2020-01-02T00:00:00Z"},
                            {"predicate", predicate}};
  const auto statement = read_bucket_delete({.database = "db", .policy = "rp"}, body.dump());
  if (!statement) return statement.error().message.substr(0, 31);
  return influxql::to_string(influxql::Statement{*statement});
}

TEST(BucketDelete, KeepsItsTimesWhateverThePredicateSays) {
  const std::string times = "time >= '2020-01-01T00:00:00Z' AND time < '2020-01-02T00:00:00Z'";
  const std::string from = "DELETE FROM rp.cpu WHERE ";
  EXPECT_EQ(statement_of("_measurement=\"cpu\""), from + times);
  EXPECT_EQ(statement_of("_measurement=\"cpu\" --"), from + times);
  EXPECT_EQ(statement_of("_measurement=\"cpu\" -- AND host=\"a\""), from + times);
  EXPECT_EQ(statement_of("_measurement=\"cpu\" AND host=\"a\""),
            from + "host = 'a' AND (" + times + ")");
  EXPECT_EQ(statement_of("_measurement=\"cpu\" /*"), "delete - cannot parse predicate");
  EXPECT_EQ(statement_of("_measurement=\"cpu\") AND (x=y"), "delete - cannot parse predicate");
}

}  // namespace
}  // namespace varve::influx
