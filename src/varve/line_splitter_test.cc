// SPDX-License-Identifier: Apache-2.0
#include "varve/line_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace varve {
namespace {

std::vector<std::string> split(std::string_view text, size_t piece_size) {
  LineSplitter splitter;
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const auto piece = text.substr(0, piece_size);
    const auto end = splitter.find_end(piece);
    const auto taken = end == LineSplitter::npos ? piece.size() : end;
    lines.back() += text.substr(0, taken);
    if (end != LineSplitter::npos) lines.emplace_back();
    text.remove_prefix(taken);
  }
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

TEST(LineSplitter, KeepsStringsWithNewlinesWhole) {
  const auto splits = [](std::string_view text, std::vector<std::string> lines) {
    for (const size_t size : {1u, 2u, 3u, 1000u}) EXPECT_EQ(split(text, size), lines) << text;
  };
  splits("a v=1\nb v=2", {"a v=1\n", "b v=2"});
  splits("a v=1\n\n# comment\n", {"a v=1\n", "\n", "# comment\n"});
  splits("a v=\"x\ny\",w=1 5\nb v=2\n", {"a v=\"x\ny\",w=1 5\n", "b v=2\n"});
  splits("a v=\"x\\\"\ny\"\nb v=2\n", {"a v=\"x\\\"\ny\"\n", "b v=2\n"});
  splits("a v=\"x\\\\\"\nb v=2\n", {"a v=\"x\\\\\"\n", "b v=2\n"});
  // A quote in a name opens no string.
  splits("a\"b,t=\"c v=1\nd v=2\n", {"a\"b,t=\"c v=1\n", "d v=2\n"});
  splits("a \"v=1\nd v=2\n", {"a \"v=1\n", "d v=2\n"});
  splits("a v=1,\"w=2\nd v=2\n", {"a v=1,\"w=2\n", "d v=2\n"});
  splits("a v=\"x=y,z\nq\"\nb v=2\n", {"a v=\"x=y,z\nq\"\n", "b v=2\n"});
}

TEST(LineSplitter, GivesUpOnAQuoteThatNeverCloses) {
  const std::string bad = "a v=\"" + std::string(LineSplitter::kLineBytesMax, 'x') + "\n";
  EXPECT_EQ(split(bad + "b v=2\n", 5'000), (std::vector<std::string>{bad, "b v=2\n"}));
}

}  // namespace
}  // namespace varve
