#!/bin/bash
# Kafka first, with its users and topics; the job's code and the ledger's table; then everything.
set -euo pipefail
etc=${COINLAKE_ETC:-/etc/coinlake}
libexec=$(cd "$(dirname "$0")/../libexec" && pwd)
set -a
# shellcheck source=/dev/null
. "$etc/host.env"
# shellcheck source=/dev/null
. "$etc/images.env"
set +a
export DOCKER_CONFIG=$etc/docker

tools() {
  docker run --rm --pull never --network coinlake --user 10018:10018 --read-only \
    --tmpfs /tmp:size=64m --cap-drop ALL --security-opt no-new-privileges --memory 512m \
    --pids-limit 64 --env-file /run/coinlake/env/tools.env \
    --env COINLAKE_GLUE_ROLE --volume "$etc/aws:/etc/aws:ro" \
    --volume /run/coinlake/aws/tools:/run/aws:ro \
    --volume "$etc/kafka/ca.pem:/etc/kafka/ca.pem:ro" "$TOOLS_IMAGE" "$@"
}

systemctl start coinlake-network.service
"$libexec/restart-changed" kafka
systemctl start coinlake-kafka.service
for try in $(seq 60); do
  if "$libexec/kafka-users"; then break; fi
  if [ "$try" = 60 ]; then echo "80-start: the broker does not answer" >&2; exit 1; fi
  sleep 3
done
systemctl start coinlake-env@tools.service coinlake-credentials@tools.service
tools topics create
tools provision --job --ledger --tables --views
# The tools' credentials are for now: an hour later they are worth nothing.
rm -rf /run/coinlake/aws/tools /run/coinlake/env/tools.env
# Restarted only where their image or their settings are new; started where they are not running.
"$libexec/restart-changed" ingestor s3-sink etl-runner query-api auditor prometheus alertmanager proxy \
  node-exporter
systemctl start coinlake.target
