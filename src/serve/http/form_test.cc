// SPDX-License-Identifier: Apache-2.0
#include "serve/http/form.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

std::string text_of(const FormFields& fields) {
  std::string text;
  for (const auto& [name, value] : fields.fields()) text += "[" + name + "|" + value + "]";
  return text;
}

TEST(Form, DecodesFieldsInOrder) {
  const auto parses = [](std::string_view text, std::string_view expected) {
    EXPECT_EQ(text_of(parse_form(text)), expected) << text;
  };
  parses("", "");
  parses("a=1&b=2&a=3", "[a|1][b|2][a|3]");
  parses("q=SELECT+1%2B1&db=x", "[q|SELECT 1+1][db|x]");
  parses("q=a;b", "[q|a;b]");
  parses("q=a=b", "[q|a=b]");
  parses("flag&=x&&", "[flag|][|x]");
  parses("%C3%A4=%e2%82%ac", "[ä|€]");
  parses("bad=%zz&short=%1&good=1", "[good|1]");
  parses("zero=a%00b", std::string_view("[zero|a\0b]", 10));
}

TEST(Form, StopsAtAThousandFields) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "a=1&";
  EXPECT_EQ(parse_form(text).size(), kFormFieldsMax);
}

TEST(Form, EncodesWhatItDecodes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all), PlusSign::kIsSpace), all);
}

TEST(Form, ReadsMultipartFieldsAndFiles) {
  const std::string body =
      "--XX\r\nContent-Disposition: form-data; name=\"db\"\r\n\r\nmydb\r\n"
      "--XX\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=q; "
      "filename=\"a;b.txt\"\r\n\r\nSELECT 1\r\n-- no end\r\n--XX--\r\n";
  EXPECT_EQ(text_of(parse_multipart("multipart/form-data; boundary=XX", body)),
            "[db|mydb][q|SELECT 1\r\n-- no end]");
  EXPECT_EQ(text_of(parse_multipart("multipart/form-data; boundary=\"XX\"", "junk\r\n" + body)),
            "[db|mydb][q|SELECT 1\r\n-- no end]");
}

TEST(Form, LeavesOutMalformedParts) {
  EXPECT_EQ(parse_multipart("multipart/form-data", "--XX\r\n\r\n\r\n--XX--").size(), 0u);
  EXPECT_EQ(parse_multipart("multipart/form-data; boundary=XX", "").size(), 0u);
  EXPECT_EQ(parse_multipart("multipart/form-data; boundary=XX", "--XX").size(), 0u);
  EXPECT_EQ(parse_multipart("multipart/form-data; boundary=XX", "--XX\r\n--XX--").size(), 0u);
  EXPECT_EQ(parse_multipart("multipart/form-data; boundary=XX", "--XX\r\nA: b\r\n\r\nx").size(),
            0u);
}

}  // namespace
}  // namespace varve
