#!/bin/sh
# Fetch the jars of the Kafka that the tests run; Maven knows where from.
#
# A laptop without Maven or Java skips those tests; PONTE_TEST_ENGINES=required makes the
# absence a failure.
set -u

jars="$HOME/.cache/ponte/kafka/jars"
if ls "$jars"/kafka_*.jar >/dev/null 2>&1; then
    echo "engines: all there (kafka)"
    exit 0
fi
if command -v mvn >/dev/null 2>&1; then
    echo "engines: fetching kafka"
    mvn -q -B -f "$(dirname "$0")/pom.xml" dependency:copy-dependencies \
        -DoutputDirectory="$jars" && { echo "engines: all there (kafka)"; exit 0; }
    echo "engines: maven could not fetch kafka"
else
    echo "engines: absent: maven, which fetches kafka"
fi
echo "engines: the tests that need it are skipped until then"
[ "${PONTE_TEST_ENGINES:-}" != required ]
