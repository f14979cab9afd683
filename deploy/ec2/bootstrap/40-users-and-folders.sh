#!/bin/bash
# A user for each container, and the folders that are theirs.
set -euo pipefail
etc=${COINLAKE_ETC:-/etc/coinlake} var=${COINLAKE_VAR:-/var/lib/coinlake}
while read -r name id folder; do
  getent group "coinlake-$name" > /dev/null || groupadd --system --gid "$id" "coinlake-$name"
  getent passwd "coinlake-$name" > /dev/null || useradd --system --uid "$id" --gid "$id" \
    --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "coinlake-$name"
  [ "$folder" = - ] || install -d -m 0750 -o "$id" -g "$id" "$var/$folder"
done <<'USERS'
kafka 10010 kafka
ingestor 10011 ingestor
s3-sink 10012 -
etl-runner 10013 -
query-api 10014 -
alertmanager 10015 alertmanager
prometheus 10016 prometheus
proxy 10017 -
tools 10018 -
auditor 10019 -
node-exporter 10020 node-exporter
USERS
install -d -m 0755 "$etc" "$etc/env" "$etc/aws" "$etc/kafka" "$etc/prometheus/rules" "$etc/docker"
install -d -m 0750 -g coinlake-kafka "$etc/kafka/broker"
install -d -m 0750 -g coinlake-alertmanager "$etc/alertmanager"
install -d -m 0750 -g coinlake-proxy "$etc/proxy"
# The host as node_exporter sees it: places to mount things at.
install -d -m 0755 "$etc/node-exporter"/{proc,sys,run,var/lib/coinlake}
install -d -m 0700 "$var/secrets"
