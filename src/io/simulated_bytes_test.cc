// SPDX-License-Identifier: Apache-2.0
#include "io/simulated_bytes.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

namespace varve {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr int kSeeds = 400;

// Everything that a power failure can leave, over many seeds.
std::set<std::string> outcomes(const std::function<void(SimulatedBytes&)>& change) {
  std::set<std::string> left;
  for (int seed = 0; seed < kSeeds; ++seed) {
    SimulatedBytes bytes;
    change(bytes);
    SeededRandom random(static_cast<uint64_t>(seed));
    bytes.lose_power(draw_luck(random), random);
    left.insert(bytes.current());
  }
  return left;
}

TEST(SimulatedBytes, ShowWhatWasWrittenBeforeAnySync) {
  SimulatedBytes bytes;
  bytes.write(2, "cd");
  EXPECT_EQ(bytes.current(), std::string("\0\0cd", 4));
  bytes.write(0, "ab");
  bytes.resize(3);
  EXPECT_EQ(bytes.current(), "abc");
  bytes.resize(5);
  EXPECT_EQ(bytes.current(), std::string("abc\0\0", 5));
}

TEST(SimulatedBytes, KeepWhatWasSyncedWhateverTheSeed) {
  EXPECT_EQ(outcomes([](SimulatedBytes& bytes) {
              bytes.write(0, "abcdef");
              bytes.resize(4);
              bytes.write(1, "X");
              bytes.sync();
            }),
            (std::set<std::string>{"aXcd"}));
}

TEST(SimulatedBytes, KeepEachUnsyncedWriteOrNot) {
  const std::string begin(kSectorBytes, '-');
  const auto left = outcomes([&](SimulatedBytes& bytes) {
    bytes.write(0, begin + begin);
    bytes.sync();
    bytes.write(0, "a");
    bytes.write(kSectorBytes, "b");
  });
  const auto with = [&](const char* first, const char* second) {
    return first + begin.substr(1) + second + begin.substr(1);
  };
  EXPECT_EQ(left, (std::set<std::string>{with("-", "-"), with("a", "-"), with("-", "b"),
                                         with("a", "b")}));
}

TEST(SimulatedBytes, TearAWriteOnlyBetweenSectors) {
  const std::string before(3 * kSectorBytes, '-');
  std::set<std::string> torn;
  for (const std::string& bytes : outcomes([&](SimulatedBytes& bytes) {
         bytes.write(0, before);
         bytes.sync();
         bytes.write(100, std::string(2 * kSectorBytes, 'x'));
       })) {
    ASSERT_EQ(bytes.size(), before.size());
    std::string shape;  // One letter a sector, from a byte that the write covers.
    for (const size_t at : {size_t{100}, kSectorBytes, 2 * kSectorBytes}) shape += bytes[at];
    const std::string sectors = std::string(100, '-') + std::string(kSectorBytes - 100, shape[0]) +
                                std::string(kSectorBytes, shape[1]) + std::string(100, shape[2]) +
                                std::string(kSectorBytes - 100, '-');
    EXPECT_EQ(bytes, sectors);
    torn.insert(shape);
  }
  EXPECT_EQ(torn.size(), 8U);  // Every choice of three sectors.
}

TEST(SimulatedBytes, MayKeepTheLongerSizeWithoutTheBytes) {
  EXPECT_EQ(outcomes([](SimulatedBytes& bytes) { bytes.write(0, "ab"); }),
            (std::set<std::string>{"", "ab", std::string(2, '\0')}));
}

TEST(SimulatedBytes, KeepSizesInTheirOrder) {
  EXPECT_EQ(outcomes([](SimulatedBytes& bytes) {
              bytes.write(0, "abcd");
              bytes.sync();
              bytes.resize(2);
              bytes.resize(3);
            }),
            (std::set<std::string>{"abcd", "ab", std::string("ab\0", 3)}));
}

TEST(SimulatedBytes, AreNotMadeDurableByTheSyncAfterAFailedOne) {
  std::set<std::string> left;
  for (int seed = 0; seed < kSeeds; ++seed) {
    SeededRandom random(static_cast<uint64_t>(seed));
    SimulatedBytes bytes;
    bytes.write(0, "--");
    bytes.sync();
    bytes.write(0, "a");
    bytes.fail_sync(random);
    EXPECT_EQ(bytes.current(), "a-");  // As Linux leaves the page cache.
    bytes.write(1, "b");
    bytes.sync();
    bytes.lose_power(draw_luck(random), random);
    left.insert(bytes.current());
  }
  EXPECT_EQ(left, (std::set<std::string>{"-b", "ab"}));
}

TEST(SimulatedBytes, FlipABitForGood) {
  SimulatedBytes bytes;
  bytes.write(0, "aa");
  bytes.sync();
  bytes.write(1, "a");
  bytes.flip_bit(0, 1);
  bytes.flip_bit(1, 0);
  EXPECT_EQ(bytes.current(), "c`");
  bytes.sync();
  SeededRandom random(1);
  bytes.lose_power(PowerLossLuck::kKeepsNothing, random);
  EXPECT_EQ(bytes.current(), "c`");
}

}  // namespace
}  // namespace varve
