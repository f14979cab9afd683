#!/bin/bash
# Puts this release's files in their places: settings, rules, units.
set -euo pipefail
etc=${COINLAKE_ETC:-/etc/coinlake} systemd=${COINLAKE_SYSTEMD:-/etc/systemd/system}
ec2=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$etc/host.env"

install -m 0644 "$ec2"/env/*.env "$etc/env/"
install -m 0644 "$ec2"/aws/* "$etc/aws/"
install -m 0644 "$ec2/host/firewall.nft" "$etc/firewall.nft"
install -m 0644 "$ec2/prometheus/prometheus.yml" "$etc/prometheus/prometheus.yml"
install -m 0644 "$ec2/prometheus/heartbeat.yml" "$etc/prometheus/rules/heartbeat.yml"
# The same alerts as in compose.
for rules in "$ec2"/../compose/prometheus/rules/*.y*ml; do
  [ ! -f "$rules" ] || install -m 0644 "$rules" "$etc/prometheus/rules/"
done
install -d -m 0755 "$etc/prometheus/runbooks"
install -m 0644 "$ec2"/../../docs/how-to/runbooks/*.md "$etc/prometheus/runbooks/"
sed -e "s|@ALERTS_TOPIC@|$ALERTS_TOPIC|" -e "s|@HEARTBEATS_TOPIC@|$HEARTBEATS_TOPIC|" \
  -e "s|@REGION@|$AWS_DEFAULT_REGION|" "$ec2/alertmanager/alertmanager.yml" \
  > "$etc/alertmanager/alertmanager.yml"
install -m 0644 "$ec2/proxy/haproxy.cfg" "$etc/proxy/haproxy.cfg"
chmod 0644 "$etc/alertmanager/alertmanager.yml"

install -m 0644 "$ec2/host/tmpfiles.conf" "${COINLAKE_TMPFILES:-/etc/tmpfiles.d}/coinlake.conf"
install -d -m 0755 "$systemd"
install -m 0644 "$ec2"/systemd/coinlake* "$systemd/"
