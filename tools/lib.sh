#!/usr/bin/env bash
# Sourced by the checks in tools/: messages with the elapsed time, interruptible commands, and clean-up on every exit. A
# script that sources this file must define usage(). $work is a temporary folder that is removed on exit. A script that
# must remove anything else defines clean_up(), which is called with the exit code.
#
# Exit codes: 0 passed, 1 a check failed, 64 invalid arguments, 69 a dependency is unavailable, 129/130/143 interrupted.

set -euo pipefail
export LC_ALL=C
cd "$(dirname "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

readonly name=${0##*/}

# say TEXT: prints a message with the elapsed seconds.
say() { printf '%s: %4d s  %s\n' "$name" $SECONDS "$*"; }
# die CODE TEXT: prints an error and exits with the code.
die() {
  printf '%s: %s\n' "$name" "${*:2}" >&2
  exit "$1"
}

# flag_given FLAG "$@": returns 0 if the script's first argument is FLAG, and 1 if it has no argument. Exits on --help
# and on any other first argument.
flag_given() {
  case ${2:-} in
    '') return 1 ;;
    "$1") return 0 ;;
    --help | -h) usage; exit 0 ;;
    *) die 64 "unknown argument $2; see --help" ;;
  esac
}

# find_models FILE...: sets FACEBUS_MODELS to the absolute path of the models folder. Exits if one of these files is not
# in the folder.
find_models() {
  FACEBUS_MODELS=$(readlink -m -- "${FACEBUS_MODELS:-$HOME/.cache/facebus/models}")
  export FACEBUS_MODELS
  local file
  for file; do
    [ -r "$FACEBUS_MODELS/$file" ] ||
      die 69 "$FACEBUS_MODELS/$file is missing; run models/prepare, or set FACEBUS_MODELS"
  done
}

# build [FLAG...] CONTEXT: builds a Docker image. FACEBUS_BUILD_NETWORK: network of the build (default: host).
build() { docker build --network="${FACEBUS_BUILD_NETWORK:-host}" "$@"; }

# need_image NAME...: exits if Docker lacks one of these images.
need_image() {
  local image
  for image; do
    timeout 30 docker image inspect "$image:latest" >/dev/null 2>&1 ||
      die 69 "docker has no image $image:latest; run tools/check-containers"
  done
}

# pipeline FIELD [MACHINE]: prints a field of each row of the table in libs/wire/stages.hpp, one per line; with MACHINE,
# only of the rows with this machine (edge or server). The fields are those of Stage in tests/process/pipeline_table.py,
# such as process, program and port.
pipeline() {
  PYTHONPATH=tests/process python3 -B - "$@" <<'END'
import sys
from pipeline_table import STAGES
for stage in STAGES:
    if stage.machine in (sys.argv[2:] or [stage.machine]):
        print(getattr(stage, sys.argv[1]))
END
}

# ---- commands and clean-up ------------------------------------------------------------------------------------------

work=$(mktemp -d) child=''
clean_up() { :; }

terminate_child() {
  [ -n "$child" ] || return 0
  kill -TERM -- "-$child" 2>/dev/null || true
  wait "$child" 2>/dev/null || true
  child=''
}

on_exit() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP
  terminate_child
  clean_up "$code"
  rm -rf -- "$work"
  exit "$code"
}
trap on_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# run COMMAND...: runs a command in the background and waits for it, because bash handles signals only after a
# foreground command has exited.
run() {
  local code=0
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  wait "$child" || code=$?
  child=''
  return $code
}

# run_quiet COMMAND...: runs a command and writes its output to $work/log. Prints the output if the command fails.
run_quiet() {
  local code=0
  run "$@" >"$work/log" 2>&1 || code=$?
  [ $code = 0 ] || tail -n 60 "$work/log" >&2
  return $code
}

# must COMMAND...: does the same as run_quiet, but terminates the command after $limit seconds. Exits if the command
# fails or is terminated.
readonly limit=180
must() { run_quiet timeout $limit "$@" || die 1 "failed (see above): $*"; }

# until_true SECONDS COMMAND...: repeats a command until it succeeds. If the command still fails after this time, prints
# its output and fails.
until_true() {
  local end=$((SECONDS + $1))
  until run "${@:2}" >"$work/log" 2>&1; do
    if [ $SECONDS -ge $end ]; then
      tail -n 60 "$work/log" >&2
      return 1
    fi
    read -rt 0.5 <> <(:) || true
  done
}

# check_locked_down NAME PREFIX...: exits if the first process of a container has more rights than it needs, or if the
# root file system of the container is writable. PREFIX is a command that runs the words after it in the container, such
# as docker exec ID.
check_locked_down() {
  local status
  status=$("${@:2}" cat /proc/1/status)
  [[ $status =~ Uid:[[:space:]]+1000[123][[:space:]] ]] || die 1 "$1: its process runs as an unexpected user"
  [[ $status =~ CapEff:[[:space:]]+0{16}[[:space:]] ]] || die 1 "$1: its process has capabilities"
  [[ $status =~ NoNewPrivs:[[:space:]]+1 ]] || die 1 "$1: its process can gain privileges"
  [[ $status =~ Seccomp:[[:space:]]+2 ]] || die 1 "$1: its system calls are not filtered"
  if "${@:2}" touch /probe 2>/dev/null; then die 1 "$1: its root file system is writable"; fi
}
