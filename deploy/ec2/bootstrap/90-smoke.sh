#!/bin/bash
# Waits until every service says that it is ready, and says which does not.
set -euo pipefail
tries=${COINLAKE_SMOKE_TRIES:-60}
check() {
  local name=$1 url=$2
  for _ in $(seq "$tries"); do
    if curl --silent --fail --max-time 5 --output /dev/null "$url"; then
      echo "90-smoke: $name is ready"
      return
    fi
    sleep 5
  done
  echo "90-smoke: $name is not ready: $(curl --silent --max-time 5 "$url" || true)" >&2
  exit 1
}
check ingestor http://127.0.0.1:8101/readyz
check s3-sink http://127.0.0.1:8102/readyz
check etl-runner http://127.0.0.1:8103/readyz
check query-api http://127.0.0.1:8104/readyz
check auditor http://127.0.0.1:8105/readyz
check prometheus http://127.0.0.1:9090/-/ready
check alertmanager http://127.0.0.1:9093/-/ready
check node-exporter http://127.0.0.1:9100/
