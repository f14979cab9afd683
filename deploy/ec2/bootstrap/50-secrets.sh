#!/bin/bash
# Secrets that live on this host alone, on the data volume: Kafka's, and the runner's token.
set -euo pipefail
umask 077
etc=${COINLAKE_ETC:-/etc/coinlake} var=${COINLAKE_VAR:-/var/lib/coinlake}
libexec=$(cd "$(dirname "$0")/../libexec" && pwd)
# shellcheck source=/dev/null
. "$etc/host.env"
# The name that the stack was told, else the private one: it stays, since the interface does (ADR 0072).
host=${COINLAKE_HOST_NAME:-${HOST_NAME:-$(hostname --fqdn)}}

"$libexec/kafka-secrets" "$host"
token=$var/secrets/etl-runner.token
[ -s "$token" ] || { openssl rand -hex 24 > "$token.part" && mv "$token.part" "$token"; }

"$libexec/kafka-config" "$host" "$etc/kafka/broker"
chgrp -R coinlake-kafka "$etc/kafka/broker"
install -m 0644 "$var/secrets/kafka/ca.pem" "$etc/kafka/ca.pem"
