# Stops a private PostgreSQL server once no process that owns it is alive any more, however those ended.
# Read from standard input, so that no file of the cluster's folder is ever executed.
# $1 a name to show in the process list, $2 the cluster's home, $3 the server's process id,
# $4 "throwaway": remove the home afterwards; the rest is the command that stops the server

# A process id can be given out anew and a killed process stay on as a zombie: on Linux the start time tells.
alive() {
  pid=${1##*/} pid=${pid%%-*} started=
  read -r started <"$1" || [ -n "$started" ] || return 1
  if [ "$started" = unknown ]; then
    kill -0 "$pid"
  else
    read -r status <"/proc/$pid/stat" || return 1
    set -- ${status##*) }
    [ "$1" != Z ] && [ "$1" != X ] && [ "${20}" = "$started" ]
  fi
} 2>/dev/null

owned() {
  for owner in "$1"/*; do
    [ -e "$owner" ] || continue
    alive "$owner" && return 0
    rm -f "$owner"
  done
  return 1
}

running() {
  read -r current <"$home/cluster/postmaster.pid" && [ "$current" = "$server" ] && kill -0 "$server"
} 2>/dev/null

main() {
  home=$2 server=$3 kind=$4
  owners=$home/owners stopping=$home/stopping-$server
  shift 4
  trap '' INT HUP
  # Renaming the folder shuts the door on new owners in one step; one that had slipped in before is let live.
  while running; do
    if ! owned "$owners" && rm -rf "$stopping" && mv "$owners" "$stopping" 2>/dev/null; then
      if owned "$stopping"; then
        mv "$stopping" "$owners"
      else
        "$@" -m fast || "$@" -m immediate
      fi
    fi
    sleep 1
  done
  rm -rf "$stopping"
  [ "$kind" != throwaway ] || rm -rf "$home"
}

main "$@" </dev/null
