// SPDX-License-Identifier: Apache-2.0
#include "serve/admin/export_door.h"

#include <gtest/gtest.h>

namespace varve::admin {
namespace {

HttpRequest request_of(std::vector<std::pair<std::string, std::string>> parameters) {
  HttpRequest request;
  for (auto& [name, value] : parameters) request.parameters.add(std::move(name), std::move(value));
  return request;
}

TEST(ExportQuestion, TakesTimesAsNumbersAndAsText) {
  const auto all = export_question(request_of({}));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->range, TimeRange{});
  const auto some = export_question(request_of({{"db", "d"},
                                                {"rp", "p"},
                                                {"measurement", "m"},
                                                {"start", "-5"},
                                                {"end", "1970-01-01T00:00:00.5Z"}}));
  ASSERT_TRUE(some);
  EXPECT_EQ(some->database, "d");
  EXPECT_EQ(some->policy, "p");
  EXPECT_EQ(some->table, "m");
  EXPECT_EQ(some->range, (TimeRange{-5, 500'000'000}));
}

TEST(ExportQuestion, NamesTheTimeThatIsNone) {
  for (const char* text : {"soon", "5x", "99999999999999999999", "1970-13-01T00:00:00Z"}) {
    const auto question = export_question(request_of({{"end", text}}));
    ASSERT_FALSE(question) << text;
    EXPECT_EQ(question.error().message,
              "parameter \"end\" is neither nanoseconds nor RFC 3339: " + std::string(text));
  }
}

}  // namespace
}  // namespace varve::admin
