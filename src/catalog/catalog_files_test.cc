// SPDX-License-Identifier: Apache-2.0
// The catalog on a disk that damages files: whatever single file it is, nothing is lost.
#include "catalog/catalog_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "catalog/catalog.h"
#include "catalog/catalog_log.h"
#include "catalog/sqlite_key_value.h"
#include "io/posix_file_system.h"
#include "io/temporary_folder.h"

namespace varve {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

CatalogEntries entries_of(KeyValue& store) {
  const auto reading = store.begin();
  EXPECT_TRUE(reading);
  const auto found = (*reading)->scan("");
  EXPECT_TRUE(found);
  return {found->begin(), found->end()};
}

// Thousands of syncs: in memory, where the system has such a folder.
fs::path quick_folder() {
  return fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
}

/// Folders of one server's catalog.
class CatalogFilesTest : public testing::Test {
 protected:
  std::string path(const std::string& folder) { return folder + "/catalog.db"; }

  CatalogFiles open(const std::string& folder, bool has_rows = true) {
    auto opened = open_catalog_files(files_, path(folder), has_rows);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  std::string make_folder(const std::string& name) {
    const std::string folder = folder_.file(name);
    fs::create_directories(folder);
    return folder;
  }

  /// A catalog in which things were made and dropped.
  void fill(const std::string& folder, int tables = 60) {
    auto opened = open(folder, false);
    EXPECT_TRUE(opened.damage.empty());
    auto catalog = open_catalog(std::move(opened.store), {}).value();
    for (const char* name : {"telegraf", "gone", "shop"}) {
      EXPECT_TRUE(catalog->create_database(name, {}));
    }
    const auto policy = catalog->snapshot()->database("telegraf")->policy("autogen");
    for (int i = 0; i < tables; ++i) {
      EXPECT_TRUE(catalog->ensure_columns(
          policy->id, "table " + std::to_string(i),
          {{"host", ColumnKind::kTag, ValueType::kString},
           {"value " + std::string(100, 'x'), ColumnKind::kField, ValueType::kInt64}}));
      EXPECT_TRUE(catalog->ensure_segment(policy->id, i * 604'800'000'000'000));
    }
    EXPECT_TRUE(catalog->drop_table(policy->id, "table 7"));
    EXPECT_TRUE(catalog->drop_database("gone"));
    EXPECT_TRUE(catalog->create_user("ann", {.argon2id = "$argon2id$v=19$h"}, true));
    EXPECT_TRUE(catalog->create_continuous_query("shop", "cq", "CREATE CONTINUOUS QUERY cq"));
  }

  /// Copies what a crash would leave, while the store is open, or after.
  void copy(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    fs::copy(from, to);
  }

  TemporaryFolder folder_{quick_folder()};
  PosixFileSystem files_;
};

enum class Damage { kFlip, kCut, kZeros, kGarbage, kGone };

// Gives whether anything was changed.
bool damage(const fs::path& path, Damage kind, std::mt19937& random) {
  std::string bytes = bytes_of(path);
  if (bytes.empty()) return false;
  const auto below = [&](size_t bound) { return random() % bound; };
  switch (kind) {
    case Damage::kFlip:
      for (size_t i = 0; i <= below(3); ++i) {
        bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
      }
      break;
    case Damage::kCut: bytes.resize(below(bytes.size())); break;
    case Damage::kZeros: {
      const size_t begin = below(bytes.size());
      std::fill_n(bytes.begin() + begin, std::min<size_t>(bytes.size() - begin, below(9'000)), 0);
      break;
    }
    case Damage::kGarbage: {
      const size_t begin = below(2) * below(bytes.size());
      const size_t end = std::min(bytes.size(), begin + 1 + below(600));
      for (size_t i = begin; i < end; ++i) bytes[i] = static_cast<char>(random());
      break;
    }
    case Damage::kGone: return fs::remove(path);
  }
  write_bytes(path, bytes);
  return true;
}

Damage any_damage(std::mt19937& random) {
  // Mostly the kind that disks do.
  const unsigned drawn = random() % 10;
  return drawn < 6 ? Damage::kFlip : static_cast<Damage>(drawn - 5);
}

void change_something(CatalogFiles opened) {
  auto catalog = open_catalog(std::move(opened.store), {});
  ASSERT_TRUE(catalog) << catalog.error().message;
  const auto policy = (*catalog)->snapshot()->database("telegraf")->policy("autogen");
  const auto made = (*catalog)->ensure_columns(policy->id, "new", {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(raw((*made)->id), 61u);
}

TEST_F(CatalogFilesTest, LosesNothingWhateverHappensToOneOfItsFiles) {
  const std::string closed = make_folder("closed");
  fill(closed);
  // As after kill -9: most of it stands in the journal.
  const std::string crashed = make_folder("crashed");
  const std::string crashing = make_folder("crashing");
  {
    fill(crashing);
    auto catalog = open_catalog(open(crashing).store, {}).value();
    ASSERT_TRUE(catalog->drop_database("shop"));
    ASSERT_TRUE(catalog->create_database("last", {}));
    copy(crashing, crashed);
  }
  std::map<std::string, CatalogEntries> contents;
  for (const auto& each : {closed, crashed}) {
    const std::string folder = folder_.file("sound");
    copy(each, folder);
    contents[each] = entries_of(*open(folder).store);
  }
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string& from = random() % 2 == 0 ? closed : crashed;
    const std::string folder = folder_.file("damaged");
    copy(from, folder);
    std::vector<std::string> names = {"catalog.db", "catalog.log"};
    if (from == crashed) names.push_back("catalog.db-wal");
    const std::string name = names[random() % names.size()];
    const Damage kind = any_damage(random);
    SCOPED_TRACE(name + ", kind " + std::to_string(static_cast<int>(kind)));
    damage(folder + "/" + name, kind, random);
    auto opened = open(folder);
    EXPECT_FALSE(opened.is_recovering);
    ASSERT_EQ(entries_of(*opened.store), contents[from]);
    change_something(std::move(opened));
    EXPECT_TRUE(open(folder).damage.empty()) << "it was mended";
    if (HasFatalFailure()) return;
  }
}

TEST_F(CatalogFilesTest, OpensWhateverHappensToBothAndGivesNoIdTwice) {
  const std::string sound = make_folder("sound");
  fill(sound);
  int losses = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string folder = folder_.file("damaged");
    copy(sound, folder);
    for (const char* name : {"catalog.db", "catalog.log"}) {
      for (unsigned i = 0; i <= random() % 20; ++i) {
        damage(folder + "/" + name, any_damage(random), random);
      }
    }
    auto opened = open(folder);
    const bool is_lossy = opened.is_recovering;
    losses += is_lossy ? 1 : 0;
    EXPECT_EQ(is_lossy && opened.damage.empty(), false);
    uint32_t highest = 0;
    for (const auto& [key, value] : entries_of(*opened.store)) {
      if (key.starts_with("table/")) {
        highest = std::max(highest, static_cast<uint32_t>(
                                        std::stoul(key.substr(key.find('/', 6) + 1))));
      }
    }
    auto catalog = open_catalog(std::move(opened.store), {});
    ASSERT_TRUE(catalog) << catalog.error().message;
    const auto database = (*catalog)->create_database("made after", {});
    ASSERT_TRUE(database) << database.error().message;
    const auto made = (*catalog)->ensure_columns((*database)->policies[0]->id, "t", {});
    ASSERT_TRUE(made);
    EXPECT_GT(raw((*made)->id), highest);
    if (is_lossy) {
      EXPECT_GT(raw((*made)->id), 1'000u) << "lost entries had ids";
    }
  }
  EXPECT_GT(losses, 50) << "else it proves nothing";
}

TEST_F(CatalogFilesTest, TakesATornLogForOneThatLostItsEndWhenNothingElseTells) {
  const std::string folder = make_folder("a");
  fill(folder);
  const std::string log = bytes_of(folder + "/catalog.log");
  for (const bool is_torn : {false, true}) {
    fs::remove(path(folder));
    write_bytes(folder + "/catalog.log", log.substr(0, log.size() - (is_torn ? 10 : 0)));
    EXPECT_EQ(open(folder).is_recovering, is_torn);
  }
}

TEST_F(CatalogFilesTest, SaysWhatItFoundAndKeepsIt) {
  const std::string folder = make_folder("a");
  fill(folder);
  write_bytes(path(folder), "this is no database");
  auto opened = open(folder);
  ASSERT_EQ(opened.damage.size(), 1u);
  EXPECT_NE(opened.damage[0].find(path(folder) + " is damaged"), std::string::npos)
      << opened.damage[0];
  EXPECT_NE(opened.damage[0].find("nothing is lost"), std::string::npos);
  EXPECT_EQ(bytes_of(path(folder) + ".damaged"), "this is no database");
  opened.store.reset();
  // Once more: the older one stays.
  write_bytes(path(folder), "nor is this");
  opened = open(folder);
  EXPECT_EQ(bytes_of(path(folder) + ".damaged"), "this is no database");
  EXPECT_EQ(bytes_of(path(folder) + ".damaged-1"), "nor is this");
}

TEST_F(CatalogFilesTest, TakesTheNewerOfTwoWhenOneWasPutBack) {
  const std::string older = make_folder("older");
  fill(older);
  const std::string newer = make_folder("newer");
  copy(older, newer);
  {
    auto catalog = open_catalog(open(newer).store, {}).value();
    ASSERT_TRUE(catalog->drop_database("shop"));
    ASSERT_TRUE(catalog->create_database("since", {}));
  }
  const auto wanted = entries_of(*open(newer).store);
  for (const char* name : {"catalog.db", "catalog.log"}) {
    const std::string folder = folder_.file("mixed");
    copy(newer, folder);
    fs::copy_file(older + "/" + name, folder + "/" + name, fs::copy_options::overwrite_existing);
    EXPECT_EQ(entries_of(*open(folder).store), wanted) << name;
  }
}

TEST_F(CatalogFilesTest, TakesOverTheFileOfAnEarlierVersionAndGuardsItFromThenOn) {
  const std::string folder = make_folder("a");
  fs::copy_file(fs::path(VARVE_TESTDATA) / "catalog_v1.db", path(folder));
  fs::permissions(path(folder), fs::perms::owner_all);
  auto opened = open(folder);
  EXPECT_TRUE(opened.damage.empty());
  const auto wanted = entries_of(*opened.store);
  EXPECT_EQ(wanted.size(), 9u);
  opened.store.reset();
  EXPECT_TRUE(fs::exists(folder + "/catalog.log"));
  // A value that is still JSON.
  std::string bytes = bytes_of(path(folder));
  const size_t at = bytes.find("telegraf");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'T';
  write_bytes(path(folder), bytes);
  opened = open(folder);
  EXPECT_EQ(opened.damage.size(), 1u);
  EXPECT_EQ(entries_of(*opened.store), wanted);
}

// What an earlier version does: it knows of no checksums, no generations and no log.
void change_as_earlier_version(const std::string& path, const std::vector<std::string>& changes) {
  SqliteFile file(path);
  ASSERT_TRUE(file.open(SqliteSync::kCommits));
  for (const std::string& sql : changes) {
    const auto done = file.execute(sql.c_str());
    ASSERT_TRUE(done) << done.error().message;
  }
}

constexpr const char* kDropUser = "DELETE FROM key_value WHERE key = 'user/1'";
constexpr const char* kMakeDatabase =
    "INSERT OR REPLACE INTO key_value (key, value) VALUES ('db/9', "
    "'1{\"name\":\"other\",\"default_policy\":\"autogen\"}'), ('next/db', '1{\"next\":10}')";

TEST_F(CatalogFilesTest, KeepsWhatAnEarlierVersionChangedMeanwhile) {
  for (const std::vector<std::string>& changes :
       {std::vector<std::string>{kDropUser}, {kMakeDatabase}, {kMakeDatabase, kDropUser}}) {
    const std::string folder = folder_.file("a");
    fs::remove_all(folder);
    fs::create_directories(folder);
    fill(folder);
    CatalogEntries wanted = entries_of(*open(folder).store);
    change_as_earlier_version(path(folder), changes);
    if (changes.back() == kDropUser) wanted.erase("user/1");
    if (changes.front() == kMakeDatabase) {
      wanted["db/9"] = R"(1{"name":"other","default_policy":"autogen"})";
      wanted["next/db"] = R"(1{"next":10})";
    }
    const std::string old_log = bytes_of(folder + "/catalog.log");
    auto opened = open(folder);
    EXPECT_TRUE(opened.damage.empty()) << opened.damage[0];
    EXPECT_EQ(entries_of(*opened.store), wanted);
    opened.store.reset();
    // The power failed before the log was written anew.
    write_bytes(folder + "/catalog.log", old_log);
    EXPECT_EQ(entries_of(*open(folder).store), wanted);
    opened = open(folder);
    EXPECT_TRUE(opened.damage.empty());
    EXPECT_EQ(entries_of(*opened.store), wanted);
  }
}

TEST_F(CatalogFilesTest, KeepsWhatAnEarlierVersionChangedWhileTheDatabaseWasBehind) {
  const std::string folder = make_folder("a");
  fill(folder);
  const std::string behind = bytes_of(path(folder));
  {
    auto catalog = open_catalog(open(folder).store, {}).value();
    ASSERT_TRUE(catalog->create_database("in the log alone", {}));
  }
  write_bytes(path(folder), behind);
  change_as_earlier_version(path(folder), {kMakeDatabase, kDropUser});
  // Its engine has begun tables with these ids.
  const auto entries = entries_of(*open(folder).store);
  EXPECT_TRUE(entries.contains("db/9"));
  EXPECT_FALSE(entries.contains("user/1"));
  EXPECT_FALSE(entries.contains("db/4"));
}

TEST_F(CatalogFilesTest, TakesAFileCutToNothingForOneThatIsMissing) {
  const std::string folder = make_folder("a");
  write_bytes(path(folder), "");
  EXPECT_TRUE(open(folder, true).is_recovering) << "there are rows, and nothing says of what";

  const std::string logged = make_folder("logged");
  fill(logged);
  const auto wanted = entries_of(*open(logged).store);
  write_bytes(path(logged), "");
  const auto opened = open(logged);
  EXPECT_EQ(opened.damage.size(), 1u);
  EXPECT_EQ(entries_of(*opened.store), wanted);
}

TEST_F(CatalogFilesTest, TellsANewFolderFromOneThatLostItsCatalog) {
  auto fresh = open(make_folder("new"), false);
  EXPECT_TRUE(fresh.damage.empty());
  EXPECT_FALSE(fresh.is_recovering);

  const std::string lost = make_folder("lost");
  auto opened = open(lost, true);
  EXPECT_EQ(opened.damage.size(), 3u) << "what, what of it, and that no user is left";
  EXPECT_TRUE(opened.is_recovering);
  opened.store.reset();
  // A crash before anybody looked for the rows.
  opened = open(lost, true);
  EXPECT_TRUE(opened.is_recovering);
  ASSERT_TRUE(settle_recovery(*opened.store));
  opened.store.reset();
  EXPECT_FALSE(open(lost, true).is_recovering);
}

TEST_F(CatalogFilesTest, CopiesWithoutWhatIsAboutTheFilesThemselves) {
  const std::string folder = make_folder("a");
  fill(folder);
  auto catalog = open_catalog(open(folder).store, {}).value();
  const auto target = open_sqlite_key_value(folder_.file("copy.db")).value();
  ASSERT_TRUE(catalog->copy_to(*target));
  EXPECT_FALSE(entries_of(*target).contains("generation"));
  EXPECT_EQ(target->check().value(), std::vector<std::string>());
}

}  // namespace
}  // namespace varve
