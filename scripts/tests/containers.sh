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

# Shows what a command says only when it fails.
quietly() { "$@" >"$folder/last" 2>&1 || { cat "$folder/last"; say "failed: $*"; exit 1; }; }

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
        if [ ${#compose[@]} -gt 0 ]; then
            if [ $status -ne 0 ]; then "${compose[@]}" logs --no-color --tail=40 2>&1 | tail -n 200 || true; fi
            "${worker[@]}" down --volumes --timeout 5 >/dev/null 2>&1 || true
            "${compose[@]}" down --volumes --timeout 5 >/dev/null 2>&1 || true
        fi
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
    kill -0 "$engine" 2>/dev/null || no_more "dockerd ends: $(grep -v level=info "$folder/dockerd.log" | tail -n 1)"
    sleep 0.5
done
docker info >/dev/null 2>&1 || no_more "dockerd does not answer: $(tail -n 1 "$folder/dockerd.log")"

# The images

# Debian with what the Dockerfile installs, so that building needs no network; made once, and kept in .build.
packages=$(sed -n '/^FROM ${BASE_IMAGE}/,/rm -rf/p' compose/Dockerfile |
    grep -oE '\b(ca-certificates|fonts-[a-z-]+|lib[a-z0-9+-]+|tzdata|zlib1g)\b' | grep -v '^lib$' |
    sort -u | paste -sd,)
base=.build/containers/$(sha256sum <<<"$packages" | cut -c 1-16)
if [ ! -e "$base/postgres.tar" ]; then
    say "making Debian images with ${packages//,/ }"
    rm -rf .build/containers
    mkdir -p "$base"
    # The second image is the first and PostgreSQL, installed inside the new system, whose folder the hook is given.
    export DEBIAN_TAR=$PWD/$base/debian.tar
    cat >"$folder/images" <<'HOOK'
#!/bin/sh
set -e
tar --create --file "$DEBIAN_TAR" --directory "$1" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' \
    --exclude=./etc/apt/sources.list --exclude='./dev/*' \
    --exclude='./proc/*' --exclude='./sys/*' .
mkdir -p "$1/etc/postgresql-common/createcluster.d"
echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.d/none.conf"
chroot "$1" apt-get install --yes --no-install-recommends postgresql-15
HOOK
    chmod +x "$folder/images"
    mmdebstrap --quiet --format=tar --variant=minbase --include="$packages" --customize-hook="$folder/images" \
        bookworm "$base/postgres.tar.new" >"$folder/mmdebstrap.log" 2>&1 ||
        { tail -n 20 "$folder/mmdebstrap.log"; say "mmdebstrap failed"; exit 1; }
    mv "$base/postgres.tar.new" "$base/postgres.tar"
fi
docker import "$base/debian.tar" debian-here >/dev/null
docker import "$base/postgres.tar" nightjar-postgres >/dev/null

mkdir -p "$folder/out/bin" "$folder/out/lib"
for name in ingest calibrator photometer harvester alerter archiver nightjar; do
    install --strip ".build/debug/$name" "$folder/out/bin/"
    ldd ".build/debug/$name"
done | sed -n 's:.*=> \(.*/swift/linux/.*\.so\) .*:\1:p' | sort -u | xargs cp --target-directory="$folder/out/lib"
tar --create --directory "$folder" out | docker import - nightjar-artifacts >/dev/null

export BASE_IMAGE=debian-here ARTIFACTS=nightjar-artifacts
export POSTGRES_PASSWORD=secret INSTRUMENTS_FOLDER=$folder/sim/setup/instruments INBOX_FOLDER=$folder/inbox
export HARVEST_FOLDER=$folder/harvest
export FRAMES_FOLDER=$folder/frames KAFKA_EXTERNAL_BIND=172.17.0.1 NIGHTJAR_BROKERS=172.17.0.1:19094
compose=(docker-compose --project-name nightjar --file compose/compose.yaml --file scripts/tests/containers.yaml)
worker=(docker-compose --project-name worker --file compose/worker.yaml)
quietly "${compose[@]}" build archiver

# A night

.build/debug/nightjar simulate --out "$folder/sim" --frames 32 --size 256 --seed 3 >/dev/null 2>&1
files=$(find "$folder/sim/frames" -type f | wc -l)
install --directory --owner=10001 --group=10001 "$folder/inbox" "$folder/inbox/sim-a" "$folder/frames" \
    "$folder/harvest"
quietly "${compose[@]}" up --detach --scale photometer=2
quietly "${worker[@]}" up --detach --scale photometer=2

# nightjar ARGUMENT...: the command line, beside the archiver.
nightjar() { "${compose[@]}" exec -T archiver nightjar "$@"; }

# until_done SECONDS WHAT COMMAND...: repeats the command until it succeeds.
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

archiver=$("${compose[@]}" ps --quiet archiver)
until_done 120 "the record" nightjar ledger
docker cp "$folder/sim/setup/targets" "$archiver:/tmp/targets"
quietly nightjar target add /tmp/targets/variable.json
# In four parts, so that all photometers have joined before the last.
mapfile -t frames < <(find "$folder/sim/frames" -type f | sort)
for ((first = 0, part = (files + 3) / 4; first < files; first += part)); do
    for frame in "${frames[@]:first:part}"; do
        install --owner=10001 --group=10001 "$frame" "$folder/inbox/"
        mv "$folder/inbox/$(basename "$frame")" "$folder/inbox/sim-a/"
    done
    until_done 180 "frames from the ${first}th on" is files $((first + part < files ? first + part : files))
done
until_done 180 "frames measured" is measured 32
night=$(nightjar ledger --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["frames"][-1]["night"])')
quietly nightjar close "$night" --wait

# What came of it

nightjar ledger
is pending 0 && is files "$files" && is calibration $((files - 32)) && is measured 32 ||
    { say "the ledger does not add up"; exit 1; }
points=$(nightjar lightcurve variable --format csv | grep -v '^#' | tail -n +2 | wc -l)
[ "$points" -eq 32 ] || { say "the light curve has $points points of 32"; exit 1; }

# A file of somebody else's photometry joins the same light curve.
printf 'target,filter,mjd_utc,mag,mag_err\nvariable,V,61119.5,12.345,0.010\n' >"$folder/others.csv"
install --owner=10001 --group=10001 "$folder/others.csv" "$folder/harvest/"
harvested() { [[ $(nightjar lightcurve variable --format csv) == *12.345* ]]; }
until_done 60 "the point of others.csv" harvested

restarts=$(docker ps --all --quiet | xargs docker inspect --format '{{.Name}} {{.RestartCount}}' | awk '$2 > 0')
[ -z "$restarts" ] || { echo "$restarts"; say "these containers had to be started again"; exit 1; }

quietly "${worker[@]}" stop
quietly "${compose[@]}" stop photometer
# handled COMPOSE...: how many messages its photometers have handled.
handled() {
    "$@" logs --no-color photometer | sed -n 's/.*info stopped handled=\([0-9]*\).*/\1/p' |
        awk '{ sum += $1 } END { print sum + 0 }'
}
here=$(handled "${compose[@]}")
there=$(handled "${worker[@]}")
say "a night of $files frames went through, the light curve has $points points;" \
    "$here messages were handled by photometers of compose.yaml, $there by those of worker.yaml"
[ "$here" -gt 0 ] && [ "$there" -gt 0 ] || { say "the work was not shared"; exit 1; }
