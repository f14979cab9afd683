#!/usr/bin/env bash
# Makes a stand-in for the Python base image where none can be pulled: a Debian of the same release
# with its Python 3.11, reaching the same package registries as this machine.
#   base-image.sh FOLDER NAME      (FOLDER is scratch; needs debootstrap, root and DOCKER_HOST)
set -euo pipefail
folder=$1 name=$2
# shellcheck disable=SC2016  # apt expands it
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | head -n 1)
release=bookworm
bundle=/etc/ssl/certs/ca-certificates.crt

rm -rf "$folder"
mkdir -p "$folder"
debootstrap --variant=minbase \
  --include=python3,python3-distutils,python3-venv,ca-certificates \
  "$release" "$folder" "$mirror" > "$folder.log" 2>&1 || { tail -n 20 "$folder.log" >&2; exit 1; }

# What this machine trusts, the containers trust: otherwise no registry could be reached.
cp /usr/local/share/ca-certificates/*.crt "$folder/usr/local/share/ca-certificates/" 2> /dev/null || true
chroot "$folder" update-ca-certificates > /dev/null 2>&1

# Ten more tries, with growing pauses, over three minutes: a name server may be away for a while.
printf 'Acquire::Retries "10";\n' > "$folder/etc/apt/apt.conf.d/80-retries"

# Where the official image has its interpreter.
for alias in python python3 python3.11; do
  ln -sf /usr/bin/python3.11 "$folder/usr/local/bin/$alias"
done
rm -rf "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder"/var/log/*.log

tar --create --directory "$folder" --numeric-owner . |
  docker import \
    --change "ENV PIP_CERT=$bundle SSL_CERT_FILE=$bundle REQUESTS_CA_BUNDLE=$bundle LANG=C.UTF-8" \
    --change 'CMD ["python3"]' - "$name" > /dev/null
rm -rf "$folder"
