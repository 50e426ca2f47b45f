#!/bin/sh
# replay.sh [./]fuzz-NAME: runs the target once on each file of its corpus.
name=${1##*/}
corpus=$(dirname "$0")/corpus/${name#fuzz-}
if "$1" -help=1 2>/dev/null | grep -q -e '-max_len'; then
	exec "$1" -runs=0 "$corpus"
fi
exec "$1" "$corpus"
