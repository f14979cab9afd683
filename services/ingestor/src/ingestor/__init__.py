"""Polls CoinCap on a schedule within a credit budget and publishes every answer to Kafka."""
