// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/memory_governor.h"
#include "engine/testing.h"
#include "engine/wal/local_log.h"
#include "engine/wal/wal_format.h"
#include "engine/wal/wal_replay.h"
#include "io/posix_file_system.h"
#include "io/temporary_folder.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr WalSegmentName kName{.generation = 3, .salt = 0xabcd};

std::string segment_of_records(const WalSegmentName& name, uint64_t lsn, int count) {
  std::string bytes = encode_wal_segment_header(name);
  for (int i = 0; i < count; ++i) {
    append_wal_record(name, Lsn{lsn++}, "body " + std::to_string(i), bytes);
  }
  return bytes;
}

TEST(WalFormat, NamesSegmentsByGenerationAndSalt) {
  EXPECT_EQ(kName.file_name(), "0000000000000003-0000abcd.wal");
  const auto parsed = WalSegmentName::parse(kName.file_name());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->generation, 3u);
  EXPECT_EQ(parsed->salt, 0xabcdu);
  for (const char* name : {"", "x.wal", "0000000000000003-0000abcd.wal.damaged",
                           "000000000000000g-0000abcd.wal", "0000000000000003+0000abcd.wal"}) {
    EXPECT_FALSE(WalSegmentName::parse(name)) << name;
  }
}

TEST(WalFormat, FindsEveryRecordAndStopsAtTheFirstFreeByte) {
  std::string bytes = segment_of_records(kName, 10, 3);
  const size_t end = bytes.size();
  bytes.resize(end + 4'096);
  const WalScan scan = scan_wal_segment(bytes, kName);
  ASSERT_EQ(scan.records.size(), 3u);
  EXPECT_EQ(scan.records[2].lsn, Lsn{12});
  EXPECT_EQ(scan.records[2].body, "body 2");
  EXPECT_EQ(scan.end, end);
  EXPECT_FALSE(scan.torn);
  EXPECT_TRUE(scan.damage.empty());
}

TEST(WalFormat, CutsTheTailAtAnyByteAndTellsThatItWasTorn) {
  const std::string bytes = segment_of_records(kName, 1, 2);
  const size_t second = kWalSegmentHeaderBytes + wal_record_bytes(6);
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string cut = bytes.substr(0, size);
    cut.resize(bytes.size());
    const WalScan scan = scan_wal_segment(cut, kName);
    // The padding of a record is not part of what it promises.
    const size_t whole = size >= second + kWalRecordHeaderBytes + 6 ? 2
                         : size >= kWalSegmentHeaderBytes + kWalRecordHeaderBytes + 6 ? 1 : 0;
    EXPECT_EQ(scan.records.size(), whole) << size;
    EXPECT_TRUE(scan.damage.empty()) << size;
    EXPECT_TRUE(size != second + 20 || scan.torn);
  }
}

TEST(WalFormat, FindsRecordsBehindDamage) {
  std::string bytes = segment_of_records(kName, 1, 3);
  const size_t second = kWalSegmentHeaderBytes + wal_record_bytes(6);
  bytes[second + kWalRecordHeaderBytes] ^= 1;
  const WalScan scan = scan_wal_segment(bytes, kName);
  ASSERT_EQ(scan.records.size(), 2u);
  EXPECT_EQ(scan.records[1].lsn, Lsn{3});
  ASSERT_EQ(scan.damage.size(), 1u);
  EXPECT_EQ(scan.damage[0].begin, second);
  EXPECT_EQ(scan.damage[0].end, second + wal_record_bytes(6));
}

TEST(WalFormat, NeverTakesRecordsOfAnEarlierUseOfTheFile) {
  std::string bytes = segment_of_records(kName, 100, 50);
  const WalSegmentName next{.generation = 4, .salt = 0x1234};
  const std::string fresh = segment_of_records(next, 200, 2);
  bytes.replace(0, fresh.size(), fresh);
  const WalScan scan = scan_wal_segment(bytes, next);
  EXPECT_EQ(scan.records.size(), 2u);
  EXPECT_FALSE(scan.torn);
  // The same generation with another salt is a forgery, or another store's.
  EXPECT_TRUE(scan_wal_segment(bytes, {.generation = 4, .salt = 0x1235}).records.empty());
}

TEST(WalFormat, RefusesANewerFormatByName) {
  std::string header = encode_wal_segment_header(kName);
  EXPECT_TRUE(check_wal_segment_header(header));
  header[8] = 2;
  EXPECT_TRUE(check_wal_segment_header(header)) << "a damaged header says nothing";
  const uint32_t crc = crc32c(std::string_view(header).substr(0, 24));
  std::memcpy(header.data() + 24, &crc, sizeof crc);
  const auto refused = check_wal_segment_header(header);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "WAL segment has format 2; this version of Varve reads up to 1");
}

TEST(WalFormat, BringsBackThePartsOfARequest) {
  const WriteRequest request = request_of(
      TableId{1}, {{"a", 1, {{kUsage, 1.5}}}, {"b", kSegmentNs, {{kState, std::string("x")}}}});
  std::string body;
  encode_wal_body(request.batches, body);
  const auto batches = decode_wal_body(body);
  ASSERT_TRUE(batches) << batches.error().message;
  ASSERT_EQ(batches->size(), 2u);
  EXPECT_EQ((*batches)[1].columns[0].values.view().at(0), Value(std::string("x")));
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_wal_body(std::string_view(body).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_wal_body(body + "x"));
}

// The bytes of format 1: this file must be readable for ever.
TEST(WalFormat, ReadsTheGoldenSegment) {
  const std::string path = std::string(VARVE_TESTDATA) + "/" + kName.file_name();
  std::string bytes = encode_wal_segment_header(kName);
  std::string body;
  encode_wal_body(
      request_of(TableId{7}, {{"a", 5, {{kUsage, 1.5}, {kState, std::string("up")}}}}).batches,
      body);
  append_wal_record(kName, Lsn{42}, body, bytes);
  if (std::getenv("VARVE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << bytes;
  std::ifstream file(path, std::ios::binary);
  std::stringstream stored;
  stored << file.rdbuf();
  EXPECT_EQ(stored.str(), bytes) << "the writer's bytes changed: that needs a new format number";
  const std::string stored_bytes = stored.str();
  const WalScan scan = scan_wal_segment(stored_bytes, kName);
  ASSERT_EQ(scan.records.size(), 1u);
  EXPECT_EQ(scan.records[0].lsn, Lsn{42});
  const auto batches = decode_wal_body(scan.records[0].body);
  ASSERT_TRUE(batches);
  EXPECT_EQ((*batches)[0].table, TableId{7});
  EXPECT_EQ((*batches)[0].columns[0].values.view().at(0), Value(1.5));
}

class LocalLogTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files.create_directories("wal")); }
  LocalLog make(const std::vector<OldSegment>& old = {}) {
    return LocalLog({.folder = "wal", .segment_bytes = 4'096, .segments_recycled_max = 1}, files,
                    clock, random, old);
  }
  std::vector<uint64_t> lsns() {
    std::vector<uint64_t> found;
    const auto replay = replay_wal(files, "wal", [&](uint64_t, const WalRecord& record) {
      found.push_back(raw(record.lsn));
    });
    EXPECT_TRUE(replay);
    if (replay) old = replay->segments;
    return found;
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{0};
  SeededRandom random{1};
  std::vector<OldSegment> old;
};

TEST_F(LocalLogTest, KeepsWhatItAppendedAcrossRotationAndRestart) {
  LocalLog log = make();
  EXPECT_EQ(log.generation(), 0u);
  ASSERT_TRUE(log.rotate(0));
  EXPECT_TRUE(log.fits(1'000));
  EXPECT_FALSE(log.fits(5'000));
  ASSERT_TRUE(log.append(std::vector<std::string>{"a", "b"}, Lsn{1}, true));
  ASSERT_TRUE(log.rotate(10'000));
  EXPECT_TRUE(log.fits(10'000));
  ASSERT_TRUE(log.append(std::vector<std::string>{std::string(9'000, 'c')}, Lsn{3}, true));
  files.restart();
  EXPECT_EQ(lsns(), (std::vector<uint64_t>{1, 2, 3}));
  LocalLog next = make(old);
  ASSERT_TRUE(next.rotate(0));
  EXPECT_EQ(next.generation(), 3u);
}

// A log of small segments has more of them than a process may have open.
TEST(WalReplay, ReadsMoreSegmentsThanMayBeOpenAtOnce) {
  constexpr uint64_t kSegments = 300;
  PosixFileSystem files;
  const TemporaryFolder folder;
  for (uint64_t i = 1; i <= kSegments; ++i) {
    const WalSegmentName name{.generation = i, .salt = 7};
    std::ofstream file(folder.file(name.file_name()), std::ios::binary);
    file << segment_of_records(name, i, 1);
  }
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = kSegments / 2, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  uint64_t count = 0;
  const auto replay =
      replay_wal(files, folder.path(), [&](uint64_t, const WalRecord&) { ++count; });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(replay) << replay.error().message;
  EXPECT_EQ(count, kSegments);
}

TEST_F(LocalLogTest, ClaimsTheMemoryOfRecordsOnTheirWay) {
  MemoryGovernor memory(1u << 30, {});
  const auto claimed = [&] { return memory.claimed_bytes(MemoryGovernor::Use::kMemtables); };
  {
    LocalLog log({.folder = "wal", .memory = &memory}, files, clock, random, {});
    ASSERT_TRUE(log.rotate(0));
    const std::string body(200'000, 'c');
    ASSERT_TRUE(log.append(std::vector<std::string>{body, body}, Lsn{1}, true));
    EXPECT_GE(claimed(), 2 * body.size()) << "they are kept for the next ones";
    log.rest(Lsn{2});
    EXPECT_EQ(claimed(), 0u);
    ASSERT_TRUE(log.rotate(0));
    ASSERT_TRUE(log.append(std::vector<std::string>{body}, Lsn{3}, true));
  }
  EXPECT_EQ(claimed(), 0u);
}

// Small and large ones in turn, which end anywhere in a block and take either way to the disk.
TEST_F(LocalLogTest, KeepsRecordsOfAnySizeWhereverTheyEndInABlock) {
  const auto sizes = {1u, 4'000u, 4'096u, 70'000u, 9u, 131'072u - 32, 131'072u, 3u, 65'536u, 8u};
  const TemporaryFolder folder;
  PosixFileSystem posix;
  LocalLog log({.folder = folder.path(), .segment_bytes_first = 1u << 20}, posix, clock, random,
               {});
  std::vector<std::string> wanted;
  for (const bool synced : {true, false}) {
    ASSERT_TRUE(log.rotate(0));
    for (const size_t size : sizes) {
      wanted.push_back(std::string(size, static_cast<char>('a' + wanted.size())));
      ASSERT_TRUE(log.append(std::vector{wanted.back()}, Lsn{wanted.size()}, synced));
    }
  }
  std::vector<std::string> found;
  const auto replay = replay_wal(posix, folder.path(), [&](uint64_t, const WalRecord& record) {
    found.emplace_back(record.body);
  });
  ASSERT_TRUE(replay);
  EXPECT_EQ(found, wanted);
  EXPECT_TRUE(replay->damage.empty());
}

TEST_F(LocalLogTest, LosesNoSyncedRecordWhenALaterOneOfItsBlockIsTorn) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SimulatedFileSystem disk(seed);
    ASSERT_TRUE(disk.create_directories("wal"));
    LocalLog log({.folder = "wal"}, disk, clock, random, {});
    ASSERT_TRUE(log.rotate(0));
    ASSERT_TRUE(log.append(std::vector<std::string>{"first"}, Lsn{1}, true));
    ASSERT_TRUE(log.append(std::vector{std::string(9'000, 'b')}, Lsn{2}, true));
    ASSERT_TRUE(log.append(std::vector{std::string(100'000, 'c')}, Lsn{3}, false));
    disk.restart();
    std::vector<uint64_t> found;
    const auto replay = replay_wal(disk, "wal", [&](uint64_t, const WalRecord& record) {
      found.push_back(raw(record.lsn));
    });
    ASSERT_TRUE(replay);
    ASSERT_GE(found.size(), 2u) << "seed " << seed;
    EXPECT_EQ(found[0], 1u);
    EXPECT_EQ(found[1], 2u);
  }
}

TEST_F(LocalLogTest, UsesReleasedFilesAgainAndRemovesTheRest) {
  LocalLog log = make();
  for (uint64_t lsn = 1; lsn <= 4; ++lsn) {
    ASSERT_TRUE(log.rotate(0));
    ASSERT_TRUE(log.append(std::vector<std::string>{"x"}, Lsn{lsn}, true));
  }
  EXPECT_EQ(files.list("wal")->size(), 4u);
  log.release(Lsn{3});
  EXPECT_EQ(files.list("wal")->size(), 2u) << "the current one and a spare one";
  ASSERT_TRUE(log.rotate(0));
  EXPECT_EQ(files.list("wal")->size(), 2u);
  ASSERT_TRUE(log.append(std::vector<std::string>{"y"}, Lsn{5}, true));
  EXPECT_EQ(lsns(), (std::vector<uint64_t>{4, 5}));
}

TEST_F(LocalLogTest, BeginsWithASmallFileAndDoublesIt) {
  LocalLog log({.folder = "wal", .segment_bytes = 16'384, .segment_bytes_first = 4'096}, files,
               clock, random, {});
  for (const size_t fits_bytes : {4'000u, 8'000u, 16'000u, 16'000u}) {
    ASSERT_TRUE(log.rotate(0));
    EXPECT_TRUE(log.fits(fits_bytes));
    EXPECT_FALSE(log.fits(fits_bytes + 400));
  }
}

TEST_F(LocalLogTest, KeepsNoFileWhileItRests) {
  LocalLog log = make();
  for (uint64_t lsn = 1; lsn <= 3; ++lsn) {
    ASSERT_TRUE(log.rotate(0));
    ASSERT_TRUE(log.append(std::vector<std::string>{"x"}, Lsn{lsn}, true));
  }
  log.rest(Lsn{2});
  EXPECT_EQ(log.generation(), 3u) << "record 3 is still needed";
  EXPECT_EQ(files.list("wal")->size(), 3u);
  log.rest(Lsn{3});
  EXPECT_EQ(log.generation(), 0u);
  EXPECT_TRUE(files.list("wal")->empty());
  ASSERT_TRUE(log.rotate(0));
  ASSERT_TRUE(log.append(std::vector<std::string>{"y"}, Lsn{4}, true));
  EXPECT_EQ(lsns(), (std::vector<uint64_t>{4}));
}

TEST_F(LocalLogTest, AbandonsItsFileAfterAFailedSync) {
  LocalLog log = make();
  ASSERT_TRUE(log.rotate(0));
  files.fail_next_sync();
  EXPECT_FALSE(log.append(std::vector<std::string>{"x"}, Lsn{1}, true));
  EXPECT_EQ(log.generation(), 0u);
  ASSERT_TRUE(log.rotate(0));
  EXPECT_EQ(log.generation(), 2u);
}

TEST_F(LocalLogTest, StaysWhereItIsWhenThereIsNoSpaceForANewFile) {
  LocalLog log = make();
  ASSERT_TRUE(log.rotate(0));
  files.set_capacity_bytes(4'096);
  const auto rotated = log.rotate(0);
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(log.generation(), 1u);
  EXPECT_TRUE(log.append(std::vector<std::string>{"x"}, Lsn{1}, true));
  EXPECT_EQ(files.list("wal")->size(), 1u);
}

}  // namespace
}  // namespace varve::engine
