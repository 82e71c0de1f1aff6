#!/usr/bin/env bash
# Builds what operators install: static binaries, and a .deb and an .rpm for Linux.
#
#   systemd/package.sh [FOLDER [OS/ARCH]...]
#
# FOLDER is ./dist unless given, the targets are all three. VERSION names the
# release, 1.2.3; without it the version is that of the commit. The same commit
# gives the same bytes in every folder: nothing depends on the clock, the path or
# the order of a listing.
set -euo pipefail

nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.48.0

source=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${1:-dist}")
shift $(($# > 0))
targets=("$@")
((${#targets[@]})) || targets=(linux/amd64 linux/arm64 darwin/arm64)

cd "$source"
commit=$(git describe --always --dirty --abbrev=40 --exclude '*')
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
: "${VERSION:=0.0.0-dev.$(TZ=UTC0 git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd).g${commit:0:12}}"
export SOURCE_DATE_EPOCH VERSION
release=${VERSION//-dev./~dev.} # sorts before the release, in .deb and .rpm alike

build() { # OS ARCH FILE
  # Version and commit are given, so that a checkout that Go does not know, such as
  # a worktree or an archive, names them too.
  CGO_ENABLED=0 GOOS=$1 GOARCH=$2 go build -trimpath -buildvcs=false -o "$3" \
    -ldflags "-s -w -buildid= -X sidehook/relay/command.release=$VERSION -X sidehook/relay/command.commit=$commit" .
}

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$out"

# What the packages hold beside the binary. The binary itself writes what it can
# say of itself: completion and man pages.
stage() {
  local own=$out/sidehook-$(go env GOHOSTOS)-$(go env GOHOSTARCH)
  if [[ ! -x $own ]]; then
    own=$stage/own
    build "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$own"
  fi
  mkdir "$stage/completion"
  for shell in bash zsh fish; do
    "$own" completion "$shell" >"$stage/completion/$shell"
  done
  "$own" man "$stage/man"
  gzip -9n "$stage"/man/*
  cp -r systemd LICENSE CHANGELOG.md webhooks.example.yaml "$stage"
  gzip -9n "$stage/CHANGELOG.md"
}

package() { # ARCH
  export ARCH=$1
  local machine=$ARCH
  case $ARCH in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
  install -m 0755 "$out/sidehook-linux-$ARCH" "$stage/sidehook"
  find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  (
    cd "$stage"
    go run "$nfpm" package -f systemd/package/nfpm.yaml -p deb -t "$out/sidehook_$release-1_$ARCH.deb"
    go run "$nfpm" package -f systemd/package/nfpm.yaml -p rpm -t "$out/sidehook-$release-1.$machine.rpm"
  )
}

for target in "${targets[@]}"; do
  build "${target%/*}" "${target#*/}" "$out/sidehook-${target/\//-}"
done
if [[ " ${targets[*]}" == *" linux/"* ]]; then
  stage
  for target in "${targets[@]}"; do
    [[ $target != linux/* ]] || package "${target#*/}"
  done
fi

cd "$out"
sha256sum sidehook* | sed '/SHA256SUMS/d' >SHA256SUMS
