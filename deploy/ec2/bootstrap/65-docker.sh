#!/bin/bash
# Docker's settings; restarts it only where they changed, since that stops every container.
set -euo pipefail
ec2=$(cd "$(dirname "$0")/.." && pwd)
file=${COINLAKE_DOCKER_CONFIG:-/etc/docker/daemon.json}
install -d -m 0755 "$(dirname "$file")"
if ! cmp -s "$ec2/host/daemon.json" "$file"; then
  install -m 0644 "$ec2/host/daemon.json" "$file"
  systemctl try-restart docker.service
fi
systemd-tmpfiles --create "${COINLAKE_TMPFILES:-/etc/tmpfiles.d}/coinlake.conf"
systemctl daemon-reload
# Before they are enabled: Docker wants them, and at the first run they have no images yet.
systemctl start coinlake-firewall.service docker.service
systemctl enable --quiet docker.service coinlake-firewall.service coinlake.target
systemctl enable --quiet coinlake-kafka.service coinlake-ingestor.service \
  coinlake-s3-sink.service coinlake-etl-runner.service coinlake-query-api.service coinlake-auditor.service \
  coinlake-prometheus.service coinlake-alertmanager.service coinlake-proxy.service \
  coinlake-node-exporter.service coinlake-host-metrics.timer coinlake-certificate.timer
