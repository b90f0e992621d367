// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "base/log_line.h"
#include "base/thread.h"

namespace varve::log {
namespace {

constexpr int64_t kTimeMs = 1'767'323'045'678;  // 2026-01-02T03:04:05.678Z

std::string text_of(std::string_view value) {
  const std::string line = format_line(Format::kText, Level::kInfo, "e", {{"k", value}}, kTimeMs);
  return line.substr(line.find("k=") + 2);
}

std::string json_of(Fact fact) {
  const std::string line = format_line(Format::kJson, Level::kInfo, "e", {fact}, kTimeMs);
  const size_t begin = line.find("\"message\":\"e\",") + 14;
  return line.substr(begin, line.size() - 1 - begin);
}

// A log file that lives as long as the test; afterwards the process logs as before it.
class LogFile {
 public:
  LogFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "varve-log-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~LogFile() {
    EXPECT_TRUE(configure({}));
    std::filesystem::remove_all(folder_);
  }
  std::string path() const { return folder_ + "/varve.log"; }
  std::vector<std::string> lines() const {
    std::ifstream file(path());
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::string folder_;
};

TEST(LogLine, IsAnEventAndItsFacts) {
  EXPECT_EQ(format_line(Format::kText, Level::kInfo, "shard.flushed",
                        {{"shard", 12}, {"rows", uint64_t{1000}}, {"took_ms", 3}}, kTimeMs),
            "2026-01-02T03:04:05.678Z info  shard.flushed shard=12 rows=1000 took_ms=3");
  EXPECT_EQ(format_line(Format::kText, Level::kError, "disk.full", {}, kTimeMs),
            "2026-01-02T03:04:05.678Z error disk.full");
}

TEST(LogLine, IsOneJsonObject) {
  EXPECT_EQ(format_line(Format::kJson, Level::kWarn, "shard.flushed",
                        {{"shard", 12}, {"path", "a b"}, {"ok", true}, {"share", 0.5}}, kTimeMs),
            "{\"ts\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warn\",\"target\":\"shard\","
            "\"message\":\"shard.flushed\",\"shard\":12,\"path\":\"a b\",\"ok\":true,"
            "\"share\":0.5}");
}

TEST(LogLine, HasATimeBefore1970Too) {
  EXPECT_TRUE(format_line(Format::kText, Level::kInfo, "e", {}, -1).starts_with(
      "1969-12-31T23:59:59.999Z "));
}

TEST(LogLine, QuotesTextOnlyWhereItMust) {
  EXPECT_EQ(text_of("plain"), "plain");
  EXPECT_EQ(text_of("/a/b=c\\d"), "/a/b=c\\d");
  EXPECT_EQ(text_of("grün"), "grün");
  EXPECT_EQ(text_of(""), "");
  EXPECT_EQ(text_of("two words"), "\"two words\"");
  EXPECT_EQ(text_of("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\"");
  EXPECT_EQ(text_of("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(text_of(std::string_view("\0", 1)), "\"\\u0000\"");
  EXPECT_EQ(text_of("\x1b[31m"), "\"\\u001b[31m\"");
}

TEST(LogLine, CannotBeMadeTwoLinesByAFact) {
  for (const Format format : {Format::kText, Format::kJson}) {
    const std::string line = format_line(format, Level::kInfo, "a\nb", {{"k\r", "v\nw\r"}}, 0);
    EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
  }
}

TEST(LogLine, EscapesJson) {
  EXPECT_EQ(json_of({"k", "a\"b\\c\n\r\t\x01\x7f"}),
            R"("k":"a\"b\\c\n\r\t\u0001\u007f")");
  EXPECT_EQ(json_of({"k", "grün €😀"}), "\"k\":\"grün €😀\"");
}

TEST(LogLine, ReplacesWhatIsNotUtf8) {
  const std::string bad = "\xef\xbf\xbd";
  const auto becomes = [](std::string_view value, const std::string& expected) {
    EXPECT_EQ(json_of({"k", value}), "\"k\":\"" + expected + "\"");
    EXPECT_EQ(text_of(value), "\"" + expected + "\"");
  };
  becomes("a\xff" "b", "a" + bad + "b");
  becomes("\xc3", bad);                          // Cut.
  becomes("\xc3(", bad + "(");                   // Not continued.
  becomes("\xc0\xaf", bad + bad);                // Overlong.
  becomes("\xe0\x80\xaf", bad + bad + bad);      // Overlong.
  becomes("\xf0\x80\x80\x80", bad + bad + bad + bad);
  becomes("\xed\xa0\x80", bad + bad + bad);      // A surrogate.
  becomes("\xf4\x90\x80\x80", bad + bad + bad + bad);  // Beyond U+10FFFF.
  becomes("\xe2\x82", bad + bad);
}

TEST(LogLine, WritesEveryKindOfNumber) {
  EXPECT_EQ(json_of({"k", std::numeric_limits<int64_t>::min()}), "\"k\":-9223372036854775808");
  EXPECT_EQ(json_of({"k", std::numeric_limits<uint64_t>::max()}), "\"k\":18446744073709551615");
  EXPECT_EQ(json_of({"k", uint8_t{200}}), "\"k\":200");
  EXPECT_EQ(json_of({"k", false}), "\"k\":false");
  EXPECT_EQ(json_of({"k", 0.1}), "\"k\":0.1");
  EXPECT_EQ(json_of({"k", std::numeric_limits<double>::quiet_NaN()}), "\"k\":\"nan\"");
  EXPECT_EQ(json_of({"k", -std::numeric_limits<double>::infinity()}), "\"k\":\"-inf\"");
}

TEST(LogLine, KeepsAFactApartFromTheKeysOfTheLine) {
  EXPECT_EQ(json_of({"message", "text"}), "\"message_\":\"text\"");
  EXPECT_EQ(json_of({"level", 3}), "\"level_\":3");
}

TEST(Log, KnowsItsLevels) {
  EXPECT_EQ(parse_level("trace"), Level::kTrace);
  EXPECT_EQ(parse_level("off"), Level::kOff);
  const auto refused = parse_level("loud");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(refused.error().message,
            "log level is not one of trace, debug, info, warn, error, off: loud");
}

TEST(Log, WritesToItsFileFromItsLevelOn) {
  const LogFile log_file;
  ASSERT_TRUE(configure({.level = Level::kWarn, .format = Format::kText, .file = log_file.path()}));
  EXPECT_FALSE(enabled(Level::kInfo));
  EXPECT_TRUE(enabled(Level::kWarn));
  info("quiet");
  warn("heard", {{"n", 1}});
  error("heard_too");
  const auto lines = log_file.lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].ends_with("Z warn  heard n=1")) << lines[0];
  EXPECT_TRUE(lines[1].ends_with("Z error heard_too")) << lines[1];
}

TEST(Log, IsSilentWhenOff) {
  const LogFile log_file;
  ASSERT_TRUE(configure({.level = Level::kOff, .format = Format::kText, .file = log_file.path()}));
  EXPECT_FALSE(enabled(Level::kError));
  EXPECT_FALSE(enabled(Level::kOff));
  error("nobody");
  write(Level::kOff, "nobody", {});
  EXPECT_TRUE(log_file.lines().empty());
}

TEST(Log, AddsToAFileThatExists) {
  const LogFile log_file;
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(
        configure({.level = Level::kInfo, .format = Format::kJson, .file = log_file.path()}));
    info("started");
  }
  EXPECT_EQ(log_file.lines().size(), 2U);
}

TEST(Log, TakesBracesAsTheyAre) {
  const LogFile log_file;
  ASSERT_TRUE(configure({.level = Level::kInfo, .format = Format::kText, .file = log_file.path()}));
  info("event", {{"k", "{}%s%v{0}"}});
  ASSERT_EQ(log_file.lines().size(), 1U);
  EXPECT_TRUE(log_file.lines()[0].ends_with("k={}%s%v{0}"));
}

TEST(Log, NamesAFileThatItCannotOpen) {
  const auto refused =
      configure({.level = Level::kInfo, .format = Format::kText, .file = "/dev/null/x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_NE(refused.error().message.find("/dev/null/x"), std::string::npos);
}

TEST(Log, GoesToStandardErrorAtFirst) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(configure({}));
  info("seen");
  debug("unseen");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.ends_with("Z info  seen\n")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(Log, KeepsLinesWholeBetweenManyThreads) {
  const LogFile log_file;
  ASSERT_TRUE(configure({.level = Level::kInfo, .format = Format::kText, .file = log_file.path()}));
  {
    std::vector<Thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back("logger", [] {
        for (int line = 0; line < 100; ++line) info("event", {{"text", "one two three"}});
      });
    }
  }
  const auto lines = log_file.lines();
  EXPECT_EQ(lines.size(), 400U);
  EXPECT_TRUE(std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.ends_with("info  event text=\"one two three\"");
  }));
}

}  // namespace
}  // namespace varve::log
