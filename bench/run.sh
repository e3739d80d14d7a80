#!/usr/bin/env bash
# Makes one environment per library under bench/.venvs; compares what they do (bench/parity.md, parity.csv) and times the same work in each (bench/results.md, results.csv).
# bash bench/run.sh [--parity] [--reps 5] [--only steernb repeng]; --parity times nothing; PYTHON names another interpreter. Exits with 1 if a comparison misses its bar.
set -e
cd "$(dirname "$0")"
exec "${PYTHON:-python3}" run.py "$@"
