#!/bin/bash
# The images, each named by digest: pulled, or with BUILD_ON_HOST=yes built from this release.
set -euo pipefail
etc=${COINLAKE_ETC:-/etc/coinlake}
ec2=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$ec2/../.." && pwd)
set -a
# shellcheck source=/dev/null
. "$etc/host.env"
set +a
export DOCKER_CONFIG=$etc/docker
list=$ec2/host/images.env
[ -f "$list" ] || { echo "70-images: $list is missing; see images.env.example" >&2; exit 1; }

# A name with a tag may be another image tomorrow. A bare digest is an image that is here.
by_digest() {
  if ! [[ $2 =~ ^([^@[:space:]]+@)?sha256:[0-9a-f]{64}$ ]]; then
    echo "70-images: $1 is not named by digest: '$2'" >&2
    exit 1
  fi
}
# The base of what is built here, where the list names one; else the Dockerfile's.
base=$(sed -n 's/^PYTHON_IMAGE=//p' "$list")
[ -z "$base" ] || by_digest PYTHON_IMAGE "$base"
build() {
  docker build ${base:+--build-arg "PYTHON_IMAGE=$base"} --quiet --file "$root/deploy/compose/Dockerfile" --target "$1" "$root"
}
login() {
  # Only where the registry is ECR, whose passwords the host's role can ask for.
  local registry=${1%%/*}
  case $registry in *.dkr.ecr.*.amazonaws.com) ;; *) return 0 ;; esac
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" > /dev/null
}

built=$(grep -cx 'BUILD_ON_HOST=yes' "$list" || true)
part=$etc/images.env.part
: > "$part"
while IFS='=' read -r name image; do
  case $name in '' | '#'* | BUILD_ON_HOST | PYTHON_IMAGE) continue ;; esac
  target=$(tr '[:upper:]_' '[:lower:]-' <<< "${name%_IMAGE}")
  case $target in
    ingestor | s3-sink | etl-runner | query-api | tools)
      if [ "$built" -gt 0 ]; then image=$(build "$target"); fi ;;
  esac
  by_digest "$name" "$image"
  if ! docker image inspect "$image" > /dev/null 2>&1; then
    login "$image"
    docker pull --quiet "$image"
  fi
  echo "$name=$image" >> "$part"
done < "$list"
mv "$part" "$etc/images.env"
# What of the images is this release's, for libexec/prune.
cp "$etc/images.env" "$root/images.installed"
