#!/bin/bash
# Time and memory of learners on generated data of MovieLens-20M's shape, doubling up to 20 million
# interactions, beside SciPy's cosine in the same run.
#
#   bench/learning/large.sh [INTERACTIONS...]     default: 2500000 5000000 10000000 20000000
#
# THREADS=2 and LEARNERS="item_knn slim" say how and what. Twenty million take five minutes on two
# CPUs for slim and several GB for SciPy; leave the machine alone meanwhile.
set -e
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${BUILD:-build}/engine
cmake -S . -B "$build" >/dev/null
cmake --build "$build" --target learners -j2 >/dev/null
file=$(mktemp)
trap 'rm -f "$file"' EXIT
[ $# -gt 0 ] || set -- 2500000 5000000 10000000 20000000
for interactions; do
    for learner in ${LEARNERS:-item_knn slim}; do
        "$build/learners" "$learner" generate=138000,27000,"$interactions" threads="${THREADS:-2}" \
            people=2000 dump="$file"
    done
    /usr/bin/python3 bench/learning/scipy_cosine.py "$file"
done
