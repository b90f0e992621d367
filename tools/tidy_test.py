#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants violations in a small tree and expects tools/tidy.py to refuse each; the real tree passes."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SPDX_C = "// SPDX-License-Identifier: Apache-2.0\n"
SPDX_SH = "# SPDX-License-Identifier: Apache-2.0\n"

# A tree without a fault: base below model below engine.
GOOD = {
    "src/base/CMakeLists.txt": SPDX_SH + "varve_room(base LIBS spdlog::spdlog)\n",
    "src/base/result.h": SPDX_C + "#pragma once\n#include <vector>\n",
    "src/base/log.cc": SPDX_C + '#include "base/result.h"\n#include <spdlog/spdlog.h>\n',
    "src/base/detail/bits.h": SPDX_C + "#pragma once\n",
    "src/model/CMakeLists.txt": SPDX_SH + "varve_room(model ROOMS base)\n",
    "src/model/value.h": SPDX_C + '#pragma once\n#include "base/result.h"\n',
    "src/engine/CMakeLists.txt": SPDX_SH + "varve_room(engine ROOMS base model\n  LIBS Arrow)\n",
    "src/engine/store.cc": SPDX_C + '#include "model/value.h"\n',
    "src/engine/store_test.cc": SPDX_C + '#include "model/value.h"\nTEST(Store, KeepsRows) {}\n',
    "src/engine/sst/file.cc": SPDX_C + "#include <arrow/api.h>\n#include <parquet/file_writer.h>\n",
    "docs/features.md": "# Features\n\n| promise | state | test |\n|---|---|---|\n"
                        "| rows are kept | works | `Store.KeepsRows` |\n| more | not yet | |\n",
}


def words_of_tidy():
    return tidy.UNFINISHED


def planted():
    """(what, file, text, what the refusal says)"""
    todo, fixme = words_of_tidy()
    yield ("an include of a room above", "src/model/up.h",
           SPDX_C + '#include "engine/store.h"\n',
           "src/model/up.h:2: room model may not include room engine")
    yield ("an include of a room that is below but not named", "src/base/side.cc",
           SPDX_C + '#include "model/value.h"\n', "room base may not include room model")
    yield ("a path upward", "src/model/dots.cc", SPDX_C + '#include "../base/result.h"\n',
           "src/model/dots.cc:2: includes upward")
    yield ("a path upward in the middle", "src/model/dots.cc",
           SPDX_C + '#include "model/../base/result.h"\n', "includes upward")
    yield ("a path that does not start at src/", "src/model/near.cc",
           SPDX_C + '#include "value.h"\n', "does not start with a room")
    yield ("another room's private header", "src/model/nosy.cc",
           SPDX_C + '#include "base/detail/bits.h"\n', "private to room base")
    for header, folder in [("arrow/api.h", "src/engine"), ("parquet/types.h", "src/engine/wal"),
                           ("boost/asio.hpp", "src/engine"), ("duckdb.hpp", "src/engine"),
                           ("sqlite3.h", "src/engine"), ("spdlog/spdlog.h", "src/model"),
                           ("prometheus/registry.h", "src/base"), ("CLI/CLI.hpp", "src/base"),
                           ("toml++/toml.h", "src/base"), ("re2/re2.h", "src/model"),
                           ("libdeflate.h", "src/base"), ("nlohmann/json.hpp", "src/base")]:
        yield ("%s in %s" % (header, folder), folder + "/third.cc",
               SPDX_C + "#include <%s>\n" % header, "%s belongs to" % header)
    yield ("a circle of rooms", "src/base/CMakeLists.txt",
           SPDX_SH + "varve_room(base ROOMS engine)\n", "the rooms go in a circle")
    yield ("a room that does not exist", "src/base/CMakeLists.txt",
           SPDX_SH + "varve_room(base ROOMS attic)\n", "names attic, which is no room")
    yield ("a source without a licence line", "src/base/bare.cc", "int x;\n", "lacks SPDX")
    yield ("a script without a licence line", "tools/bare.sh", "#!/bin/sh\nls\n", "lacks SPDX")
    yield ("an unfinished thought", "src/base/later.cc", SPDX_C + "// %s: later\n" % todo, todo)
    yield ("a known fault", "src/base/later.cc", SPDX_C + "// %s soon\n" % fixme, fixme)
    yield ("a long line", "src/base/wide.cc", SPDX_C + "// " + "x" * 98 + "\n", "101 columns")
    yield ("a tab", "src/base/tab.cc", SPDX_C + "\tint x;\n", "src/base/tab.cc:2: a tab")
    yield ("white space at the end", "src/base/end.cc", SPDX_C + "int x; \n", "white space ends")
    yield ("a file without a last newline", "src/base/end.cc", SPDX_C + "int x;", "does not end")
    yield ("a file of 701 lines", "src/base/long.cc", SPDX_C + "int x;\n" * 700, "has 701 lines")
    yield ("a promise without a test", "docs/features.md", "| a | works | |\n", "names no test")
    yield ("a promise whose test is gone", "docs/features.md", "| a | works | `Store.Gone` |\n",
           "there is no test Store.Gone")
    yield ("a promise whose script is gone", "docs/features.md",
           "| a | works | `tests/gone.py` |\n", "there is no test tests/gone.py")
    for folder in ("/wor" + "k/x", "/roo" + "t/x", "/tmp/" + "b-x"):
        yield ("a path of one machine: " + folder, "README.md", "See " + folder + ".\n",
               "README.md:1: names")


def refusals(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8") as file:
                file.write(text)
        return tidy.check(root).lines


def main():
    passed = failed = 0

    def expect(what, holds, lines):
        nonlocal passed, failed
        if holds:
            passed += 1
            return
        failed += 1
        print("FAIL: %s; tidy said:" % what)
        print("\n".join("  " + line for line in lines) or "  nothing")

    lines = refusals(GOOD)
    expect("a tree without a fault passes", not lines, lines)
    for what, path, text, sentence in planted():
        lines = refusals({**GOOD, path: text})
        expect("%s is refused" % what, any(sentence in line for line in lines), lines)
    lines = refusals({**GOOD, "src/base/wide.cc": SPDX_C + "// " + "ü" * 97 + "\n"})
    expect("columns are characters, not bytes", not lines, lines)
    lines = tidy.check(ROOT).lines
    expect("the real tree passes", not lines, lines)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
