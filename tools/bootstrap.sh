#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Varve builds with: Debian 12 packages by apt-get, Apache Arrow from the pyarrow wheel
# into .deps/pyarrow. Does nothing, quickly, when everything is there.
#
#   tools/bootstrap.sh [--sanitizers] [--checks] [--no-apt]
#     --sanitizers   also clang 19 and its runtime, for `make fuzz` and `make test-sanitize`
#     --checks       also InfluxDB, Prometheus, and pyarrow and DuckDB for Python: what tests
#                    compare with; without them these are skipped
#     --no-apt       never install packages; only say which are missing
#
# VARVE_DEPS_DIR moves .deps to another folder.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=${VARVE_DEPS_DIR:-$root/.deps}
lock=$root/third_party/versions.lock
log=$deps/bootstrap.log

packages=(
  binutils ca-certificates ccache curl libargon2-dev libbenchmark-dev libboost1.81-dev
  libcli11-dev libdeflate-dev libedit-dev libexpected-dev libfmt-dev libgtest-dev libhowardhinnant-date-dev
  libjemalloc-dev libre2-dev libsnappy-dev libspdlog-dev
  libsqlite3-dev libssl-dev libtomlplusplus-dev libxxhash-dev libzstd-dev lld mold ninja-build
  nlohmann-json3-dev pkg-config prometheus-cpp-dev tzdata zlib1g-dev
)
use_apt=1
for_checks=0
for argument in "$@"; do
  case $argument in
    --sanitizers) packages+=(clang-19 libclang-rt-19-dev) ;;
    --checks) packages+=(influxdb prometheus python3-venv); for_checks=1 ;;
    --no-apt) use_apt=0 ;;
    *) echo "bootstrap: unknown argument $argument; known are --sanitizers, --checks, --no-apt" >&2
       exit 2 ;;
  esac
done

refuse() {
  echo "bootstrap: $1" >&2
  exit 1
}

# $1 what failed; the end of the log says why.
refuse_with_log() {
  tail -n 15 "$log" >&2
  refuse "$1 (everything it said: $log)"
}

version_at_least() {  # version_at_least 3.25 3.25.1
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

check_tools() {
  command -v g++ >/dev/null || refuse "g++ is missing: install a C++20 compiler (Debian: apt-get install g++)"
  command -v git >/dev/null || refuse "git is missing: install it (Debian: apt-get install git)"
  command -v python3 >/dev/null || refuse "python3 is missing: install it (Debian: apt-get install python3)"
  command -v cmake >/dev/null || refuse "cmake is missing: install version 3.25 or newer (Debian: apt-get install cmake)"
  local version
  version=$(g++ -dumpfullversion -dumpversion)
  version_at_least 12 "$version" || refuse "g++ $version is too old: Varve needs version 12 or newer"
  version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
  version_at_least 3.25 "$version" || refuse "cmake $version is too old: Varve needs version 3.25 or newer"
}

# Prints those of its arguments that are not installed.
missing_packages() {
  command -v dpkg-query >/dev/null || { echo "$*"; return; }
  local installed package
  installed=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    case $installed in *" installed=$package "*) ;; *) echo -n "$package " ;; esac
  done
}

# Runs apt-get as root, without questions, waiting for another apt-get that is at work.
apt() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      refuse "packages are missing and this is neither root nor is there sudo: run as root once, or install: $missing"
    as_root=(sudo)
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -q -y "$@" >>"$log" 2>&1
}

# $@ packages. Versions are pinned by the Debian release, so any other one is refused.
install_packages() {
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  [ $use_apt = 1 ] || refuse "packages are missing: $missing"
  local release
  # shellcheck disable=SC1091
  release=$(. /etc/os-release 2>/dev/null && echo "${ID:-unknown} ${VERSION_ID:-}" || echo unknown)
  [ "$release" = "debian 12" ] ||
    refuse "packages are installed on Debian 12 only and this is $release: install the equivalents of: $missing"
  echo "bootstrap: installing packages: $missing"
  # A source list of somebody else may be out of order; what matters is that the install works.
  apt update || echo "bootstrap: apt-get update reported errors; going on with what is known" >&2
  # shellcheck disable=SC2086
  apt install --no-install-recommends $missing ||
    refuse_with_log "apt-get could not install the packages; is the network there?"
}

# Unpacks headers, libarrow, libparquet and what those two need of the wheel $1 into the folder $2.
unpack_arrow() {
  python3 - "$1" "$2" <<'P'
import os, subprocess, sys, zipfile
wheel, folder = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
names = {os.path.basename(n): n for n in wheel.namelist() if ".so" in n}

def extract(name, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with wheel.open(name) as source, open(target, "wb") as out:
        out.write(source.read())

for name in wheel.namelist():
    if name.startswith("pyarrow/include/") and "/arrow/python/" not in name and not name.endswith("/"):
        extract(name, os.path.join(folder, name[len("pyarrow/"):]))
wanted = [n for n in names if n.startswith(("libarrow.so.", "libparquet.so."))]
taken = set()
while wanted:
    library = wanted.pop()
    if library in taken:
        continue
    taken.add(library)
    target = os.path.join(folder, library)
    extract(names[library], target)
    dynamic = subprocess.run(["readelf", "-d", target], check=True, capture_output=True, text=True).stdout
    needed = [l.split("[")[1].split("]")[0] for l in dynamic.splitlines() if "(NEEDED)" in l]
    wanted += [n for n in needed if n in names]
if len([n for n in taken if n.startswith(("libarrow.so.", "libparquet.so."))]) != 2:
    sys.exit("the wheel does not hold one libarrow and one libparquet")
P
}

install_arrow() {
  local arch version file sum stamp
  arch=$(uname -m)
  read -r version file sum < <(awk -v a="$arch" '$1 == "arrow" && $3 == a {print $2, $4, $5}' "$lock") ||
    refuse "no Arrow wheel is pinned for $arch in third_party/versions.lock: install libarrow-dev and libparquet-dev 24 or newer and configure with -DVARVE_ARROW_PROVIDER=system"
  stamp="arrow $version $sum"
  [ "$(cat "$deps/pyarrow/.version" 2>/dev/null)" = "$stamp" ] && return 0
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip

  echo "bootstrap: fetching Arrow $version"
  local work
  work=$(mktemp -d "$deps/arrow.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  echo "pyarrow==$version --hash=sha256:$sum" >"$work/requirements.txt"
  # The tag is asked for by name, so that any python3 fetches the same wheel.
  python3 -m pip --disable-pip-version-check -q download --no-deps --only-binary :all: \
    --python-version 3.11 --implementation cp --abi cp311 --platform "manylinux_2_28_$arch" \
    --require-hashes -r "$work/requirements.txt" -d "$work" >>"$log" 2>&1 ||
    refuse_with_log "pip could not download pyarrow $version with the pinned checksum; is the network there?"
  echo "$sum  $work/$file" | sha256sum --check --quiet >>"$log" 2>&1 ||
    refuse_with_log "$file does not have the checksum pinned in third_party/versions.lock"
  unpack_arrow "$work/$file" "$work/pyarrow" >>"$log" 2>&1 || refuse_with_log "$file could not be unpacked"
  if ldd "$work"/pyarrow/lib*.so.* | grep -q 'not found'; then
    ldd "$work"/pyarrow/lib*.so.* >>"$log"
    refuse_with_log "a library that Arrow needs is missing"
  fi
  # Whole or absent: the stamp goes in before the rename, so a cut in between leaves nothing half done.
  echo "$stamp" >"$work/pyarrow/.version"
  rm -rf "$deps/pyarrow"
  mv "$work/pyarrow" "$deps/pyarrow"
}

# Other readers of Parquet for the tests, in .deps/checks: the Python that runs them has none. Only for
# CPython 3.11, whose wheels are pinned; the tests say what they skip.
install_readers() {
  local python=$deps/checks/bin/python3 pins
  pins=$(awk -v a="$(uname -m)" '$3 == a && ($1 == "arrow" || $1 == "duckdb") {
    sub("arrow", "pyarrow", $1); print $1 "==" $2 " --hash=sha256:" $5}' "$lock")
  [ -n "$pins" ] && python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || return 0
  [ "$(cat "$deps/checks/.pins" 2>/dev/null)" = "$pins" ] && return 0
  echo "bootstrap: fetching readers of Parquet for the tests"
  rm -rf "$deps/checks"
  python3 -m venv "$deps/checks" >>"$log" 2>&1 || refuse_with_log "a Python environment could not be made"
  echo "$pins" >"$deps/checks/requirements.txt"
  "$python" -m pip --disable-pip-version-check -q install --no-deps --only-binary :all: \
    --require-hashes -r "$deps/checks/requirements.txt" >>"$log" 2>&1 ||
    refuse_with_log "pip could not install them; is the network there?"
  echo "$pins" >"$deps/checks/.pins"
}

check_tools
mkdir -p "$deps"
: >"$log"
install_packages "${packages[@]}"
install_arrow
[ $for_checks = 0 ] || install_readers
