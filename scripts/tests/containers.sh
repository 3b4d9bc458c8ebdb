#!/usr/bin/env bash
# Runs a night in containers: builds the image by compose/Dockerfile from the executables of .build/debug, starts
# compose/compose.yaml (the embedded broker in place of Kafka) and compose/worker.yaml beside it, hands in simulated
# frames, and expects that all are measured and that both groups of photometers have worked.
#
# The container engine is one of its own, in a network namespace that leads nowhere, and is gone afterwards. Where none
# can run, the compose files are checked by themselves, and the last line says why there was no more.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf 'containers: %s\n' "$*"; }

no_more() {
    scripts/check_compose.sh
    say "the compose files were checked, but no night was run in containers: $*"
    exit 0
}

[ "$(id -u)" -eq 0 ] || no_more "a container engine of its own needs root"
missing=()
for program in dockerd:docker.io docker-proxy:docker.io iptables:iptables docker-compose:docker-compose \
    mmdebstrap:mmdebstrap; do
    command -v "${program%:*}" >/dev/null || missing+=("${program#*:}")
done
[ ${#missing[@]} -eq 0 ] ||
    no_more "not installed; apt-get install --no-install-recommends $(printf '%s\n' "${missing[@]}" | sort -u | xargs)"
[ -x .build/debug/nightjar ] || { say "there is no .build/debug/nightjar: make test builds it"; exit 1; }

folder=$(mktemp --directory --tmpdir nightjar-containers.XXXXXX)
chmod 755 "$folder"
engine=
compose=()

finish() {
    local status=$?
    trap - EXIT
    if [ -n "$engine" ] && kill -0 "$engine" 2>/dev/null; then
        if [ $status -ne 0 ]; then "${compose[@]}" logs --no-color --tail=40 2>&1 | tail -n 200 || true; fi
        "${worker[@]}" down --volumes --timeout 5 >/dev/null 2>&1 || true
        "${compose[@]}" down --volumes --timeout 5 >/dev/null 2>&1 || true
        kill "$engine" || true
        wait "$engine" || true
    fi
    rm -rf "$folder"
    exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

# The engine

export DOCKER_HOST=unix://$folder/docker.sock DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
# Debian's own: other clients may be first in PATH.
export PATH=/usr/bin:/usr/sbin:$PATH
echo '{}' >"$folder/daemon.json"
unshare --net --mount --propagation private sh -c 'ip link set lo up && exec "$@"' sh \
    dockerd --config-file "$folder/daemon.json" --data-root "$folder/docker" --exec-root "$folder/exec" \
    --pidfile "$folder/docker.pid" --host "$DOCKER_HOST" >"$folder/dockerd.log" 2>&1 &
engine=$!
for _ in $(seq 120); do
    docker info >/dev/null 2>&1 && break
    kill -0 "$engine" 2>/dev/null || {
        engine=
        no_more "dockerd ends: $(grep -v level=info "$folder/dockerd.log" | tail -n 1)"
    }
    sleep 0.5
done
docker info >/dev/null 2>&1 || no_more "dockerd does not answer: $(tail -n 1 "$folder/dockerd.log")"

# The images

# Debian with what the Dockerfile installs, so that building needs no network; made once, and kept in .build.
packages=$(sed -n '/^FROM ${BASE_IMAGE}/,/rm -rf/p' compose/Dockerfile |
    grep -oE '\b(ca-certificates|fonts-[a-z-]+|lib[a-z0-9+-]+|tzdata)\b' |
    grep -v '^lib$' | sort -u | paste -sd,)
base=.build/containers/$(sha256sum <<<"$packages" | cut -c 1-16)
if [ ! -e "$base/postgres.tar" ]; then
    say "making Debian images with ${packages//,/ }"
    rm -rf .build/containers
    mkdir -p "$base"
    # shellcheck disable=SC2016  # mmdebstrap's shell expands these
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --customize-hook='tar --create --file "'"$PWD/$base"'/debian.tar" --directory "$1" --exclude=./var/cache/apt/* \
            --exclude=./var/lib/apt/lists/* --exclude=./etc/apt/sources.list --exclude=./dev/* .' \
        --customize-hook='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get install --yes \
--no-install-recommends postgresql-15' \
        bookworm "$base/postgres.tar.new" >"$folder/mmdebstrap.log" 2>&1 ||
        { tail -n 20 "$folder/mmdebstrap.log"; say "mmdebstrap failed"; exit 1; }
    mv "$base/postgres.tar.new" "$base/postgres.tar"
fi
docker import "$base/debian.tar" debian-here >/dev/null
docker import "$base/postgres.tar" nightjar-postgres >/dev/null

mkdir -p "$folder/out/bin" "$folder/out/lib"
services=(ingest calibrator photometer harvester alerter archiver)
for name in "${services[@]}" nightjar; do install --strip ".build/debug/$name" "$folder/out/bin/"; done
for name in "${services[@]}" nightjar; do ldd ".build/debug/$name"; done |
    sed -n 's/.*=> \(.*swift\/linux\/.*\.so\) .*/\1/p' | sort -u |
    xargs cp --target-directory="$folder/out/lib"
tar --create --directory "$folder" out | docker import - nightjar-artifacts >/dev/null

export BASE_IMAGE=debian-here ARTIFACTS=nightjar-artifacts
export POSTGRES_PASSWORD=secret INSTRUMENTS_FOLDER=$folder/sim/setup/instruments INBOX_FOLDER=$folder/inbox
export FRAMES_FOLDER=$folder/frames KAFKA_EXTERNAL_BIND=172.17.0.1 NIGHTJAR_BROKERS=172.17.0.1:19094
compose=(docker-compose --project-name nightjar --file compose/compose.yaml --file scripts/tests/containers.yaml)
worker=(docker-compose --project-name worker --file compose/worker.yaml)
"${compose[@]}" build archiver >"$folder/build.log" 2>&1 || {
    cat "$folder/build.log"
    say "the image cannot be built"
    exit 1
}

# A night

.build/debug/nightjar simulate --out "$folder/sim" --frames 32 --size 256 --seed 3 >/dev/null 2>&1
files=$(find "$folder/sim/frames" -type f | wc -l)
install --directory --owner=10001 --group=10001 "$folder/inbox" "$folder/inbox/sim-a" "$folder/frames"
"${compose[@]}" up --detach --scale photometer=2 >"$folder/up.log" 2>&1 || { cat "$folder/up.log"; exit 1; }
"${worker[@]}" up --detach --scale photometer=2 >"$folder/up.log" 2>&1 || { cat "$folder/up.log"; exit 1; }

# nightjar ARGUMENT...: the command line, beside the archiver.
nightjar() { "${compose[@]}" exec -T archiver nightjar "$@"; }

# until SECONDS WHAT COMMAND...: repeats the command until it succeeds.
until_done() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >"$folder/last" 2>&1; do
        [ $SECONDS -lt $deadline ] || { cat "$folder/last"; say "$what: not in time"; exit 1; }
        sleep 1
    done
}

# ledger NAME: one number of it.
ledger() { nightjar ledger --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
is() { [ "$(ledger "$1")" = "$2" ]; }

"${compose[@]}" cp --help >/dev/null 2>&1 || true
archiver=$("${compose[@]}" ps --quiet archiver)
until_done 120 "the record" nightjar ledger
docker cp "$folder/sim/setup/targets" "$archiver:/tmp/targets"
nightjar target add /tmp/targets/variable.json >/dev/null
# In four parts, so that all photometers have joined before the last.
for part in 1 2 3 4; do
    find "$folder/sim/frames" -type f | sort | awk -v part=$part -v size=$(((files + 3) / 4)) \
        'NR > (part - 1) * size && NR <= part * size' | xargs cp --target-directory="$folder/inbox"
    chown 10001:10001 "$folder"/inbox/*.fits
    mv "$folder"/inbox/*.fits "$folder/inbox/sim-a/"
    until_done 180 "files of part $part" is files "$(find "$folder/sim/frames" -type f | sort |
        awk -v part=$part -v size=$(((files + 3) / 4)) 'NR <= part * size' | wc -l)"
done
until_done 180 "frames measured" is measured 32
night=$(nightjar ledger --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["frames"][-1]["night"])')
nightjar close "$night" --wait >/dev/null 2>&1

# What came of it

nightjar ledger
is pending 0 && is files "$files" && is calibration $((files - 32)) && is measured 32 ||
    { say "the ledger does not add up"; exit 1; }
points=$(nightjar lightcurve variable --format csv | grep -c '^[0-9"a-z].*,.*,' || true)
[ "$points" -ge 32 ] || { say "the light curve has $points points"; exit 1; }
"${worker[@]}" stop >/dev/null 2>&1
"${compose[@]}" stop photometer >/dev/null 2>&1
# handled COMPOSE...: messages that its photometers have handled.
handled() { "$@" logs --no-color photometer | sed -n 's/.*info stopped handled=\([0-9]*\).*/\1/p' | paste -sd+ | bc; }
here=$(handled "${compose[@]}")
there=$(handled "${worker[@]}")
[ "${here:-0}" -gt 0 ] && [ "${there:-0}" -gt 0 ] || {
    say "measured: ${here:-0} by the main host, ${there:-0} by the worker"
    exit 1
}
say "a night of $files frames went through: $points points;" \
    "$here messages handled by photometers of compose.yaml, $there of worker.yaml"
