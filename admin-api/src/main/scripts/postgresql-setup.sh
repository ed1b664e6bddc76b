#!/bin/sh
# Makes sure that a PostgreSQL server with pgvector 0.7 or newer is installed, from this machine's own package sources.
# Does nothing, quickly, where it is, or where DATABASE_URL names another server. Used by './tidemill setup'.
set -eu

# In tests another folder stands for the machine's root.
machine=${TIDEMILL_MACHINE_ROOT:-}

say() {
  printf 'tidemill: %s\n' "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

# --- what is there -----------------------------------------------------------------------------------------------------

is_server() {
  [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/postgres" ]
}

# Where a server's extensions are: Debian keeps pg_config in a package of its own, so it is asked last.
extensions_of() {
  major=$(basename "$(dirname "$1")")
  if [ -d "$machine/usr/share/postgresql/$major/extension" ]; then
    printf %s "$machine/usr/share/postgresql/$major/extension"
  elif [ -x "$1/pg_config" ]; then
    printf %s "$("$1/pg_config" --sharedir)/extension"
  fi
}

has_pgvector() {
  control=$(extensions_of "$1")/vector.control
  [ -r "$control" ] || return 1
  case $(sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" "$control") in
    0.[0-6] | 0.[0-6].* | '') return 1 ;;
  esac
}

# Sets $server to the newest server, $ready to the newest one with pgvector.
look() {
  server='' ready='' newest=0 newest_ready=0
  if [ -n "${PG_BINDIR:-}" ]; then
    set -- "$PG_BINDIR"
  else
    set -- "$machine"/usr/lib/postgresql/*/bin "$machine"/usr/pgsql-*/bin "$machine"/opt/homebrew/opt/postgresql*/bin \
      "$machine"/usr/local/opt/postgresql*/bin
    if [ -z "$machine" ] && command -v pg_config >/dev/null; then
      set -- "$@" "$(pg_config --bindir)"
    fi
  fi
  for bin in "$@"; do
    is_server "$bin" || continue
    number=$(printf %s "$bin" | sed -n 's/.*[^0-9]\([0-9][0-9]*\)\/bin$/\1/p')
    number=${number:-1}
    if [ "$number" -gt "$newest" ]; then
      newest=$number server=$bin
    fi
    if [ "$number" -gt "$newest_ready" ] && has_pgvector "$bin"; then
      newest_ready=$number ready=$bin
    fi
  done
}

# --- Debian and Ubuntu -------------------------------------------------------------------------------------------------

apt_has() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'
}

apt_install() {
  say "installing $* (apt-get install)"
  DEBIAN_FRONTEND=noninteractive $asroot apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null 2>"$work/log" ||
    fail "cannot install $*: $(tail -n 3 "$work/log")"
}

install_server() {
  # The package would start a cluster of its own on port 5432, which nobody asked for. An operator's setting stays.
  settings=/etc/postgresql-common/createcluster.conf
  if [ ! -e "$settings" ]; then
    $asroot mkdir -p "$(dirname "$settings")"
    printf 'create_main_cluster = false\n' | $asroot tee "$settings" >/dev/null
  fi
  apt_install postgresql
}

# Debian 12 has no new enough package; its successors carry the source. The newest one that builds is taken.
build_pgvector() {
  bin=$1
  major=$(basename "$(dirname "$bin")")
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -r "$keyring" ] || return 1
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -E '/debian/?$' | head -n 1)
  [ -n "$mirror" ] || return 1
  apt_install "postgresql-server-dev-$major" gcc make dpkg-dev libc6-dev
  for suite in testing stable; do
    say "fetching the source of pgvector from Debian $suite"
    if fetch_source "$suite"; then
      say "building pgvector $version for PostgreSQL $major"
      if compile; then
        return 0
      fi
      say "pgvector $version does not build here: $(grep -m 1 -i error "$work/log" || tail -n 1 "$work/log")"
    else
      say "Debian $suite does not give it: $(tail -n 1 "$work/log")"
    fi
  done
  return 1
}

# With lists of its own, so that the machine's package sources stay as they are. apt checks the signature.
fetch_source() {
  lists=$work/$1
  mkdir -p "$lists/parts" "$lists/lists/partial" "$lists/cache/archives/partial" "$lists/source"
  printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$1" "$keyring" >"$lists/parts/source.sources"
  set -- -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$lists/parts" -o "Dir::State::lists=$lists/lists" \
    -o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=root
  (
    cd "$lists/source"
    apt-get "$@" update -qq && apt-get "$@" source --download-only -qq pgvector && dpkg-source -x ./*.dsc src
  ) >"$work/log" 2>&1 || return 1
  source=$lists/source/src
  version=$(sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" "$source/vector.control")
}

# For any processor of this kind, as the packages are: the machine may be an image that moves.
compile() {
  {
    make -C "$source" OPTFLAGS= with_llvm=no "PG_CONFIG=$bin/pg_config" &&
      $asroot make -C "$source" install OPTFLAGS= with_llvm=no "PG_CONFIG=$bin/pg_config"
  } >"$work/log" 2>&1
}

set_up_with_apt() {
  say "asking the package sources what they have (apt-get update)"
  $asroot apt-get update -qq >/dev/null 2>&1 || say "some package sources do not answer; going on with the others"
  [ -n "$server" ] || install_server
  look
  [ -n "$server" ] || fail "the package postgresql brought no server"
  [ -z "$ready" ] || return 0
  major=$(basename "$(dirname "$server")")
  if apt_has "postgresql-$major-pgvector"; then
    apt_install "postgresql-$major-pgvector"
    look
    [ -z "$ready" ] || return 0
  fi
  build_pgvector "$server" || fail "pgvector 0.7 or newer is in no package source of this machine, and its source could not be built." \
    "Install it for PostgreSQL $major ($server), or set DATABASE_URL to a PostgreSQL that has it."
}

# --- the steps ---------------------------------------------------------------------------------------------------------

[ -z "${DATABASE_URL:-}" ] || exit 0
look
[ -z "$ready" ] || exit 0

missing="a PostgreSQL server with pgvector 0.7 or newer"
[ -z "$server" ] || missing="pgvector 0.7 or newer for the PostgreSQL in $server"
elsewhere="or set DATABASE_URL to a PostgreSQL that has it (postgres://user:password@host:5432/database)"

[ -z "${PG_BINDIR:-}" ] || fail "PG_BINDIR is $PG_BINDIR, which lacks $missing. Install that, name another folder, $elsewhere."
if [ "$(uname -s)" = Darwin ]; then
  fail "missing: $missing. Run: brew install postgresql@17 pgvector - $elsewhere."
fi
if ! command -v apt-get >/dev/null; then
  fail "missing: $missing. Install both with this machine's package manager (packages postgresql-server and pgvector), $elsewhere."
fi
asroot=
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    asroot="sudo -n"
  else
    fail "missing: $missing; and $(id -un) may not install packages. Run once as root: sh $(CDPATH='' cd "$(dirname "$0")" && pwd)/$(basename "$0") - $elsewhere."
  fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
set_up_with_apt
look
[ -n "$ready" ] || fail "the set-up ran through, but $missing is still missing; $elsewhere."
say "PostgreSQL with pgvector is ready in $ready"
