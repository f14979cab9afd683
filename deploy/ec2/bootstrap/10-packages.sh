#!/bin/bash
# The programs that the host needs. Amazon Linux 2023 is what this is for; Debian is for the test.
set -euo pipefail
if command -v dnf > /dev/null; then
  dnf install -y -q docker nftables xfsprogs jq openssl awscli-2
else
  export DEBIAN_FRONTEND=noninteractive
  wanted=()
  for package in docker.io nftables xfsprogs jq openssl; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'install ok' || wanted+=("$package")
  done
  if [ ${#wanted[@]} -gt 0 ]; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${wanted[@]}"
  fi
fi
