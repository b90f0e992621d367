// SPDX-License-Identifier: Apache-2.0
#include "codec/text/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace varve {
namespace {

using namespace std::string_view_literals;

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, EscapesAsGoDoes) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("plain text of more than eight bytes"),
            R"("plain text of more than eight bytes")");
  EXPECT_EQ(json_string("say \"hi\" \\ there"), R"("say \"hi\" \\ there")");
  EXPECT_EQ(json_string("a\nb\rc\td"), R"("a\nb\rc\td")");
  EXPECT_EQ(json_string("\0\x01\x1f\x7f"sv), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(json_string("<a href='x'>&amp;</a>"),
            R"("\u003ca href='x'\u003e\u0026amp;\u003c/a\u003e")");
  EXPECT_EQ(json_string("naïve ☃ 日本 🚀"), "\"naïve ☃ 日本 🚀\"");
  EXPECT_EQ(json_string("a\u2028b\u2029c"), R"("a\u2028b\u2029c")");
}

TEST(JsonText, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(json_string("\xff"), R"("\ufffd")");
  EXPECT_EQ(json_string("a\xc3"), R"("a\ufffd")");
  EXPECT_EQ(json_string("\xe2\x98"), R"("\ufffd\ufffd")");
  EXPECT_EQ(json_string("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // A surrogate.
  EXPECT_EQ(json_string("\xc0\x80"), R"("\ufffd\ufffd")");            // An overlong zero.
  EXPECT_EQ(json_string("\xf4\x90\x80\x80z"), R"("\ufffd\ufffd\ufffd\ufffdz")");  // Above U+10FFFF.
  EXPECT_EQ(json_string("\x80 x"), R"("\ufffd x")");
}

TEST(JsonText, LooksAtEveryByteWhereverItStands) {
  for (size_t length = 1; length < 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      for (const char mark : {'"', '<', '\n', '\x1f'}) {
        std::string text(length, 'x');
        text[at] = mark;
        const auto out = json_string(text);
        const std::string escape = mark == '"'    ? "\\\""
                                   : mark == '<'  ? "\\u003c"
                                   : mark == '\n' ? "\\n"
                                                  : "\\u001f";
        ASSERT_EQ(out,
                  "\"" + std::string(at, 'x') + escape + std::string(length - at - 1, 'x') + "\"");
      }
    }
  }
}

TEST(JsonText, LongTextsPassTheBuffer) {
  StringSink sink;
  OutputBuffer buffer(sink);
  const std::string text(300'000, '<');
  append_json_string(buffer, "a");
  append_json_string(buffer, text);
  ASSERT_TRUE(buffer.flush().has_value());
  EXPECT_EQ(sink.text(), "\"a\"" + json_string(text));
}

}  // namespace
}  // namespace varve
