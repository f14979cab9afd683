#!/usr/bin/env bash
# Asks the broker for its metadata and wants to hear of one broker: a real answer, where Kafka's own
# tools would start a JVM each time. A Metadata request, version 1, correlation 1, of no topics
# (Kafka protocol guide).
set -eu
exec 3<> /dev/tcp/127.0.0.1/9092
printf '\0\0\0\24\0\3\0\1\0\0\0\1\0\6health\0\0\0\0' >&3
# Length, correlation, number of brokers: four bytes each.
answer=$(head -c 12 <&3 | od -An -tx1 | tr -d ' \n')
[ "${answer:8}" = 0000000100000001 ]
