#!/bin/sh
# Builds the binding and the fleet's engine of the machine's own architecture inside a container of a Node image, Debian's or Alpine's.
# Called by workflows/release.yml, and unrun as that is.
set -eu

if command -v apk > /dev/null; then
  apk add --no-cache build-base curl
fi
curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
. "$HOME/.cargo/env"

npm ci
npm run build
npm run build:fleet
