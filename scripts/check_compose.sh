#!/usr/bin/env bash
# Checks the compose files without a container engine: the Dockerfile by hadolint, the compose files by podman-compose
# (which only wants to know podman's version), what they promise by check_compose.py; and, where docker-compose is
# installed, by that too.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

.venv/bin/hadolint compose/Dockerfile

printf '#!/bin/sh\necho "podman version 4.3.1"\n' >"$folder/podman"
chmod +x "$folder/podman"

# config FILE NAME=VALUE...: the file as compose understands it, with these settings and no other.
config() {
    local file=$1
    shift
    cp "$file" "$folder/$(basename "$file")"
    env --ignore-environment PATH="$PATH" HOME="$folder" "$@" \
        .venv/bin/podman-compose --podman-path "$folder/podman" --file "$folder/$(basename "$file")" config
}

config compose/compose.yaml POSTGRES_PASSWORD=secret INSTRUMENTS_FOLDER=/srv/instruments >"$folder/compose.config"
config compose/worker.yaml NIGHTJAR_BROKERS=host:9094 FRAMES_FOLDER=/mnt/frames >"$folder/worker.config"

# Without its settings a file must not start.
refuses() {
    local name=$1
    shift
    if config "$@" >"$folder/out" 2>"$folder/err"; then
        echo "$1: starts without $name"
        exit 1
    fi
    grep --quiet "required variable $name" "$folder/err" || { tail -n 1 "$folder/err"; exit 1; }
}
refuses POSTGRES_PASSWORD compose/compose.yaml INSTRUMENTS_FOLDER=/srv/instruments
refuses POSTGRES_PASSWORD compose/compose.yaml INSTRUMENTS_FOLDER=/srv/instruments POSTGRES_PASSWORD=
refuses INSTRUMENTS_FOLDER compose/compose.yaml POSTGRES_PASSWORD=secret
refuses NIGHTJAR_BROKERS compose/worker.yaml FRAMES_FOLDER=/mnt/frames
refuses FRAMES_FOLDER compose/worker.yaml NIGHTJAR_BROKERS=host:9094

if command -v docker-compose >/dev/null; then
    POSTGRES_PASSWORD=secret INSTRUMENTS_FOLDER=/srv/instruments \
        docker-compose --file compose/compose.yaml config >/dev/null
    NIGHTJAR_BROKERS=host:9094 FRAMES_FOLDER=/mnt/frames docker-compose --file compose/worker.yaml config >/dev/null
fi

.venv/bin/python scripts/check_compose.py "$folder/compose.config" "$folder/worker.config"
