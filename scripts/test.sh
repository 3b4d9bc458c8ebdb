#!/usr/bin/env bash
# Runs the tests that are built, without a line for each that starts. The last line is Swift Testing's verdict.
# usage: test.sh [option of swift test]...
set -euo pipefail
cd "$(dirname "$0")/.."
swift test --skip-build --disable-xctest "$@" 2>&1 | sed -u '/^◇/d'
