// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>

#include "varve/import_progress.h"
#include "varve/import_source.h"

namespace varve {
namespace {

class ImportSourceTest : public ::testing::Test {
 protected:
  ImportSourceTest()
      : path_(testing::TempDir() + "varve-import-" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {}
  ~ImportSourceTest() override { std::remove(path_.c_str()); }

  void write_plain(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  void write_gzip(const std::string& text) {
    gzFile file = gzopen(path_.c_str(), "ab");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
  }

  std::string path_;
};

TEST_F(ImportSourceTest, CutsBatchesBetweenLines) {
  write_plain("a v=1\nb v=\"x\ny\"\nc v=3");
  auto source = ImportSource::open(path_, {});
  ASSERT_TRUE(source);
  auto batch = source->next(2);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->text, "a v=1\nb v=\"x\ny\"\n");
  EXPECT_EQ(batch->line_first, 1u);
  EXPECT_EQ(batch->line_count, 2u);
  batch = source->next(2);
  EXPECT_EQ(batch->text, "c v=3");
  EXPECT_EQ(batch->line_first, 3u);
  EXPECT_EQ(batch->line_count, 1u);
  EXPECT_EQ(batch->offset_begin, 16u);
  EXPECT_EQ(batch->offset_end, 21u);
  EXPECT_EQ(source->next(2)->line_count, 0u);
}

TEST_F(ImportSourceTest, ReadsGzipOfSeveralMembersAndContinuesInside) {
  std::string all;
  for (int part = 0; part < 3; ++part) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "m v=" + std::to_string(part * 20'000 + i) + "\n";
    write_gzip(text);
    all += text;
  }
  auto source = ImportSource::open(path_, {});
  ASSERT_TRUE(source);
  std::string read;
  uint64_t lines = 0;
  ImportPosition middle;
  for (;;) {
    const auto batch = source->next(7'000);
    ASSERT_TRUE(batch);
    if (batch->line_count == 0) break;
    read += batch->text;
    lines += batch->line_count;
    if (lines == 35'000) middle = {.offset = batch->offset_end, .lines = lines};
  }
  EXPECT_EQ(read, all);
  EXPECT_EQ(lines, 60'000u);
  EXPECT_EQ(source->file_bytes_read(), source->file_bytes());

  auto again = ImportSource::open(path_, {});
  ASSERT_TRUE(again->skip_to(middle.offset));
  const auto batch = again->next(1);
  EXPECT_EQ(batch->text, "m v=35000\n");
  EXPECT_EQ(batch->line_first, 35'001u);
}

TEST_F(ImportSourceTest, KnowsSectionsAndWherePointsGo) {
  write_plain(
      "# INFLUXDB EXPORT: 1 - 2\n# it's \"odd\n# DDL\n\nCREATE DATABASE a\n# why\n"
      "CREATE DATABASE \"b=\nx\n# DML\n# CONTEXT-DATABASE: a\r\n# CONTEXT-RETENTION-POLICY:p\n"
      "# more\nm v=1\n# quiet\nm s=\"\n# CONTEXT-DATABASE:no\n\"\n# CONTEXT-DATABASE:b c\nn v=2");
  auto source = ImportSource::open(path_, {.database = "given", .policy = ""});
  ASSERT_TRUE(source);
  std::string seen;
  ImportPosition middle;
  for (;;) {
    const auto batch = source->next(100);
    ASSERT_TRUE(batch);
    if (batch->line_count == 0) break;
    if (batch->kind == ImportBatch::Kind::kNothing) continue;
    const auto text = batch->text.substr(batch->text.rfind('\n', batch->text.size() - 2) + 1);
    if (batch->kind == ImportBatch::Kind::kStatement) {
      seen += std::to_string(batch->line_first + batch->line_count - 1) + " runs " + text;
    } else {
      seen += std::to_string(batch->line_first) + " " + batch->context.database + "." +
              batch->context.policy + " " + batch->text;
      if (middle.offset == 0) middle.offset = batch->offset_end;
    }
  }
  EXPECT_EQ(seen,
            "5 runs CREATE DATABASE a\n"
            "7 runs CREATE DATABASE \"b=\n"
            "8 runs x\n"
            "12 a.p # more\nm v=1\n# quiet\nm s=\"\n# CONTEXT-DATABASE:no\n\"\n"
            "# CONTEXT-DATABASE:b c\n"
            "17 b c.p n v=2");
  auto again = ImportSource::open(path_, {});
  ASSERT_TRUE(again->skip_to(middle.offset));
  const auto batch = again->next(1);
  EXPECT_EQ(batch->text, "n v=2");
  EXPECT_EQ(batch->context, (ImportContext{"b c", "p"}));
  EXPECT_EQ(batch->line_first, 17u);
  EXPECT_EQ(ImportSource::open(path_, {})->skip_to(middle.offset + 1).error().code,
            ErrorCode::kInvalidInput);
}

TEST_F(ImportSourceTest, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(ImportSource::open(path_ + ".none", {}).error().message,
            "cannot read " + path_ + ".none: No such file or directory");
  EXPECT_EQ(ImportSource::open(testing::TempDir(), {}).error().message,
            "cannot read " + testing::TempDir() + ": it is a folder");
  write_gzip(std::string(100'000, 'x') + "\n");
  std::string bytes;
  {
    std::ifstream in(path_, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  write_plain(bytes.substr(0, bytes.size() - 10));
  auto source = ImportSource::open(path_, {});
  ASSERT_TRUE(source);
  EXPECT_EQ(source->next(10).error().code, ErrorCode::kCorrupt);
}

TEST(ImportTracker, AdvancesWhenAllBeforeHaveEnded) {
  ImportTracker tracker({.offset = 10, .lines = 1});
  tracker.begin(10, 20, 2);
  tracker.begin(20, 30, 3);
  tracker.begin(30, 40, 4);
  tracker.end(20, 1);
  EXPECT_EQ(tracker.position(), (ImportPosition{10, 1, 0}));
  tracker.end(10, 0);
  EXPECT_EQ(tracker.position(), (ImportPosition{30, 6, 1}));
  tracker.end(30, 2);
  EXPECT_EQ(tracker.position(), (ImportPosition{40, 10, 3}));
}

TEST(ImportPosition, IsReadBack) {
  const ImportPosition position{.offset = 123'456'789'012, .lines = 7, .lines_refused = 1};
  const auto again = parse_import_position(to_text(position));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, position);
  EXPECT_FALSE(parse_import_position(""));
  EXPECT_FALSE(parse_import_position("varve-import 2 offset=1 lines=1 refused=0"));
}

TEST(ImportFigures, AreShownInOneLine) {
  EXPECT_EQ(progress_line({.file_bytes = 200,
                           .file_bytes_read = 85,
                           .lines = 1'234'567,
                           .lines_refused = 3,
                           .seconds = 2}),
            " 42 %  [########            ]  1,234,567 lines  617,283/s  3 refused");
  EXPECT_EQ(progress_line({}), "100 %  [####################]  0 lines  0/s");
}

}  // namespace
}  // namespace varve
