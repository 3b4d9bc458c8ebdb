#!/usr/bin/env bash
# Runs the demonstration over many nights, each with the nova and without, and counts those that passed.
# usage: demo_seeds.sh [NIGHTS [FIRST_SEED]]     default: 20 nights from seed 1; build first (make build)
# What a night leaves behind is removed; that of a failed one stays, and its place is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
nights=${1:-20}
first=${2:-1}
nightjar=$PWD/.build/release/nightjar
[ -x "$nightjar" ] || { echo "there is no $nightjar: run 'make build' first" >&2; exit 1; }
place=$(mktemp -d "${TMPDIR:-/tmp}/nightjar-seeds.XXXXXX")
chmod 755 "$place"
trap 'rmdir "$place" 2>/dev/null || true' EXIT

declare -A passed=([nova]=0 [quiet]=0)
for ((seed = first; seed < first + nights; seed++)); do
    for kind in nova quiet; do
        out=$place/$kind-$seed
        options=(--seed "$seed" --out "$out")
        [ "$kind" = nova ] || options+=(--no-nova)
        began=$SECONDS
        if "$nightjar" demo "${options[@]}" >"$out.txt" 2>"$out.log"; then
            passed[$kind]=$((passed[$kind] + 1))
            verdict=$(grep -m1 '^Passed' "$out.txt")
            rm -rf "$out" "$out.txt" "$out.log"
        else
            problems=$(sed -n '/^FAILED/,$p' "$out.txt" | tail -n +2 | tr '\n' ' ')
            verdict="FAILED: ${problems}see $out, $out.txt and $out.log"
        fi
        printf 'seed %-4s %-6s %3d s  %s\n' "$seed" "$kind" $((SECONDS - began)) "$verdict"
    done
done
echo "nova alerted after its eruption: ${passed[nova]} of $nights; no alert without a nova: ${passed[quiet]} of $nights"
[ "${passed[nova]}" -eq "$nights" ] && [ "${passed[quiet]}" -eq "$nights" ]
