#!/usr/bin/env bash
# Runs a command with a temporary folder of its own, which is gone when the command has ended.
# A private PostgreSQL runs as another user, so the folder can be entered by all.
set -euo pipefail
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/nightjar.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
chmod 755 "$TMPDIR"
"$@"
