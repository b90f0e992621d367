// SPDX-License-Identifier: Apache-2.0
#include "varve/result_table.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(ResultTable, DrawsSeriesWithTheirTagsAndAlignsNumbers) {
  const auto answer = draw_answer(
      R"({"results":[{"statement_id":0,"series":[{"name":"cpu","tags":{"host":"a","z":""},
      "columns":["time","mean","note"],"values":[["2026-01-02T03:04:05Z",12.5,"näh"],
      ["2026-01-02T03:04:06Z",9223372036854775807,null]]},
      {"columns":["key"],"values":[["cpu,host=a"]]}]},{"statement_id":1}]})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text,
            "cpu  host=a  z=\n"
            " time                 │                mean │ note\n"
            "──────────────────────┼─────────────────────┼──────\n"
            " 2026-01-02T03:04:05Z │                12.5 │ näh\n"
            " 2026-01-02T03:04:06Z │ 9223372036854775807 │\n"
            "\n"
            " key\n"
            "────────────\n"
            " cpu,host=a\n");
  EXPECT_TRUE(answer->errors.empty());
}

TEST(ResultTable, GivesErrorsAndWarnings) {
  const auto answer = draw_answer(
      R"({"results":[{"statement_id":0,"messages":[{"level":"warning","text":"old"}]},
      {"statement_id":1,"error":"database not found: x"}]})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "");
  EXPECT_EQ(answer->messages, std::vector<std::string>{"old"});
  EXPECT_EQ(answer->errors, std::vector<std::string>{"database not found: x"});
  EXPECT_EQ(draw_answer(R"({"error":"bad"})")->errors, std::vector<std::string>{"bad"});
  EXPECT_FALSE(draw_answer("<html>"));
}

TEST(ResultTable, KeepsControlCharactersOffTheTerminal) {
  const auto answer = draw_answer(
      "{\"results\":[{\"series\":[{\"columns\":[\"v\"],\"values\":[[\"a\\n\\u001b[31m\"]]}]}]}");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, " v\n──────────\n a\\n?[31m\n");
}

}  // namespace
}  // namespace varve
