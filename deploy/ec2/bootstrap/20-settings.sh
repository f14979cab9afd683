#!/bin/bash
# What the stack says of itself, from SSM to /etc/coinlake/host.env. No secret is in it.
set -euo pipefail
etc=${COINLAKE_ETC:-/etc/coinlake}
install -d -m 0755 "$etc"
if [ -f "$etc/host.env" ]; then
  # shellcheck source=/dev/null
  . "$etc/host.env"
fi
stack=${COINLAKE_STACK:?the name of the CloudFormation stack}
export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:?the region of the stack}
found=$(aws ssm get-parameter --name "/coinlake/$stack/host" --query Parameter.Value --output text)
# Only names and values: this file is read by shells and by systemd.
if grep -vqE '^[A-Z0-9_]+=[A-Za-z0-9_.:/@-]*$' <<< "$found"; then
  echo "20-settings: /coinlake/$stack/host has a line that is not a setting" >&2
  exit 1
fi
# Kafka's listener for other hosts is on loopback until the stack lets somebody in; the host's own file
# has the last word.
publish=127.0.0.1
if grep -q '^KAFKA_CIDR=.' <<< "$found"; then publish=0.0.0.0; fi
{
  echo "COINLAKE_STACK=$stack"
  echo "$found"
  grep -h '^KAFKA_PUBLISH=' "$etc/local.env" 2> /dev/null || echo "KAFKA_PUBLISH=$publish"
  # Where links in alerts lead: Prometheus serves this release's runbooks itself, on loopback.
  grep -h '^RUNBOOKS_URL=' "$etc/local.env" 2> /dev/null \
    || echo "RUNBOOKS_URL=http://127.0.0.1:9090/user"
} > "$etc/host.env.part"
mv "$etc/host.env.part" "$etc/host.env"
