# Sourced by ./ingest, ./query and ./retrieval: builds what is missing or stale, then runs one program of this folder.
set -eu

# launch PROGRAM ARGUMENT…, with the heap that $heap names
launch() {
  program=$1
  shift
  bench=$(CDPATH='' cd "$(dirname "$0")" && pwd -P)
  root=$(dirname "$bench")
  # `setup` is what knows how to find a JDK 25, PostgreSQL and the build; its last line names the JDK.
  jdk=$("$root/tidemill" setup 2>&1 | while IFS= read -r line; do
    printf '%s\n' "$line" >&2
    case $line in
      'tidemill: ready: JDK in '*)
        line=${line#tidemill: ready: JDK in }
        printf '%s\n' "${line%, data in *}"
        ;;
    esac
  done)
  [ -n "$jdk" ] || exit 1
  work=$(mktemp -d "${TMPDIR:-/tmp}/tidemill-bench-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # The server's own account, to which root hands its data, must be able to enter.
  chmod 755 "$work"
  "$jdk/bin/java" "-Xmx${heap:-512m}" --enable-native-access=ALL-UNNAMED -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8 \
    -Dbench.root="$root" -Dbench.work="$work" -Dtidemill.log.file="$work/tidemill.log" \
    -cp "$root/admin-api/target/tidemill.jar:$root/admin-api/target/lib/*" "$bench/$program.java" "$@"
}
