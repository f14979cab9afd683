#!/bin/bash
# The programs that the host needs. Amazon Linux 2023 is what this is for; Debian is for the test.
set -euo pipefail
if command -v dnf > /dev/null; then
  # RPM's lock may be held, at a first boot by the SSM agent: dnf does not wait for it (amazon-linux-2023 #397).
  for try in $(seq 30); do
    if dnf install -y -q docker nftables xfsprogs jq openssl awscli-2; then break; fi
    [ "$try" -lt 30 ] || exit 1
    sleep 10
  done
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
