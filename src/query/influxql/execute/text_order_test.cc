// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/text_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "io/random.h"

namespace varve::influxql {
namespace {

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

TEST(TextOrder, IsThatOfTheBytes) {
  SeededRandom random(3);
  Interrupt never([] { return Result<void>(); });
  const std::string letters("\0a\xff" "09", 5);
  for (const char* prefix : {"", "host_", "a longer prefix than eight bytes "}) {
    for (const size_t length_max : {1u, 4u, 9u, 30u}) {
      std::vector<std::string> texts;
      for (int i = 0; i < 500; ++i) {
        std::string& text = texts.emplace_back(prefix);
        for (size_t left = random.next_u64() % (length_max + 1); left > 0; --left) {
          text += letters[random.next_u64() % letters.size()];
        }
      }
      auto sorted = views_of(texts);
      sort_texts(sorted, never);
      auto expected = views_of(texts);
      std::ranges::sort(expected);
      EXPECT_EQ(sorted, expected) << prefix << length_max;
    }
  }
}

TEST(TextOrder, KnowsFewTexts) {
  Interrupt never([] { return Result<void>(); });
  std::vector<std::string_view> none;
  sort_texts(none, never);
  EXPECT_TRUE(none.empty());
  std::vector<std::string_view> two = {"b", "a"};
  sort_texts(two, never);
  EXPECT_EQ(two, (std::vector<std::string_view>{"a", "b"}));
}

TEST(TextOrder, IsGivenUpWhenInterrupted) {
  std::vector<std::string> texts;
  for (int i = 20'000; i > 0; --i) texts.push_back("x" + std::string(10, 'x') + std::to_string(i));
  texts.emplace_back("y");
  int asked = 0;
  Interrupt interrupt([&]() -> Result<void> {
    ++asked;
    return fail(ErrorCode::kCancelled, "query interrupted");
  });
  auto views = views_of(texts);
  sort_texts(views, interrupt);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(views.size(), texts.size());
}

}  // namespace
}  // namespace varve::influxql
