#!/usr/bin/env bash
# Installs what is missing, and nothing else. Silent and quick when all is there.
#
# usage: setup.sh [packages] [swift] [tools] [bench] [containers] [catalog]     without arguments: packages swift tools
#
#   packages  Debian packages of packages.txt, by apt-get; without root it prints the command and stops
#   containers  those of packages-containers.txt, likewise; as root only, like the test that wants them
#   swift     checks that a Swift toolchain is there
#   tools     Python tools of `make check` and `make test`, in .venv
#   catalog   Python tools of `make catalog`, in .venv-catalog
#   bench     peers of `make bench`: Debian packages of packages-bench.txt, Python tools in .venv-bench
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

# packages LIST: installs those of a list that are missing.
packages() {
    local list=$1
    if ! command -v dpkg-query >/dev/null; then
        say "this is not Debian: docs/dependencies.md lists what has to be installed; going on"
        return
    fi
    local wanted present missing
    mapfile -t wanted <"$list"
    present=$(dpkg-query --show --showformat='${db:Status-Abbrev}${Package}\n' "${wanted[@]}" 2>/dev/null || true)
    present=$(sed -n 's/^.i *//p' <<<"$present" | sort)
    mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(printf '%s\n' "$present"))
    [ ${#missing[@]} -gt 0 ] || return 0

    if [ "$(id -u)" -ne 0 ]; then
        say "these Debian packages are missing: ${missing[*]}"
        say "install them by"
        printf '    sudo apt-get update && sudo apt-get install --yes --no-install-recommends %s\n' "${missing[*]}" >&2
        say "or by 'sudo scripts/setup.sh packages', which also keeps Debian from starting a PostgreSQL server;"
        say "then run this again"
        exit 1
    fi
    say "installing by apt-get: ${missing[*]}"
    install_as_root "${missing[@]}"
}

# Debian creates and starts a PostgreSQL cluster when the server is installed. Nightjar brings its own: the drop-in
# says so while packages are installed, and is gone afterwards.
install_as_root() {
    local folder=/etc/postgresql-common/createcluster.d
    local dropin=$folder/nightjar-setup.conf
    mkdir -p "$folder"
    printf 'create_main_cluster = false\n' >"$dropin"
    # shellcheck disable=SC2064  # the name of the file is known now
    trap "rm -f '$dropin'; rmdir '$folder' 2>/dev/null || true" EXIT
    apt-get update --quiet >&2
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        --option Dpkg::Options::=--force-confold "$@" >&2
}

swift_toolchain() {
    if ! command -v swift >/dev/null; then
        say "there is no 'swift' in PATH: install a Swift 6.2 or newer toolchain for this system (swift.org/install)"
        say "and put its usr/bin into PATH; then run this again"
        exit 1
    fi
}

# python_tools FOLDER REQUIREMENTS [OPTION]...: a virtual environment, made again when the requirements have changed.
python_tools() {
    local folder=$1 requirements=$2 stamp=$1/requirements.txt
    shift 2
    cmp --silent "$requirements" "$stamp" 2>/dev/null && return
    if ! command -v python3 >/dev/null; then
        say "there is no 'python3' in PATH"
        exit 1
    fi
    say "installing the Python tools of $requirements in $folder"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" --requirement "$requirements" >&2
    cp "$requirements" "$stamp"
}

[ $# -gt 0 ] || set -- packages swift tools
for part in "$@"; do
    case $part in
    packages) packages scripts/packages.txt ;;
    containers) [ "$(id -u)" -ne 0 ] || packages scripts/packages-containers.txt ;;
    swift) swift_toolchain ;;
    tools) python_tools .venv scripts/requirements.txt ;;
    bench)
        packages scripts/packages-bench.txt
        python_tools .venv-bench Benchmarks/requirements.txt --no-deps
        ;;
    catalog) python_tools .venv-catalog scripts/requirements-catalog.txt --no-deps ;;
    *)
        say "'$part' is none of packages, swift, tools, bench, containers, catalog"
        exit 2
        ;;
    esac
done
