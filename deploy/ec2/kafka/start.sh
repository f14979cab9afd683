#!/bin/bash
# The container's first process: makes an empty folder a broker's, then becomes the broker, so that
# SIGTERM reaches the JVM itself.
set -euo pipefail
config=/etc/kafka/broker
/opt/kafka/bin/kafka-storage.sh format --standalone --ignore-formatted \
  --cluster-id "$(cat "$config/cluster.id")" --config "$config/server.properties"
exec /opt/kafka/bin/kafka-server-start.sh "$config/server.properties"
