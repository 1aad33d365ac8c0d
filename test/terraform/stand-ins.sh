# Makes the commands that a first boot may not really run here. $1: where they go (a directory on the machine's PATH).
# Each writes what it was asked to /run/stand-ins/log, and remembers what it did under /run/stand-ins.
set -euo pipefail
into=$1
make() {
  { printf '#!/bin/bash\nlog() { echo "%s $*" >>/run/stand-ins/log; }\nrun=/run/stand-ins\n' "$1"; cat; } >"$into/$1"
  chmod 755 "$into/$1"
}
make sleep <<'X'
exit 0
X
make dpkg-query <<'X'
name=${!#}
grep -qx "$name" "$run/packages" 2>/dev/null && echo installed
X
make apt-get <<'X'
log "$@"
[ -e "$run/no-network" ] && exit 100
for word in "$@"; do case $word in -*|install|DPkg*) ;; *) echo "$word" >>"$run/packages" ;; esac; done
X
make snap <<'X'
log "$@"
ln -s /run/stand-ins/aws /usr/local/bin/aws
X
make sudo <<'X'
[ "$1 $2" = "-iu ubuntu" ] || exit 9
shift 2
export HOME=/home/ubuntu
cd "$HOME"
exec "$@"
X
make gh <<'X'
case "$1 $2" in
  "auth status") [ -e "$HOME/.gh-token" ] ;;
  "auth login") log "$@"; cat >"$HOME/.gh-token" ;;
  "auth setup-git") log "$@"; touch "$HOME/.git-helper" ;;
esac
X
make git <<'X'
[ -e "$HOME/.git-helper" ]
X
make rustup <<'X'
log "$@"
X
make cargo <<'X'
log "$@"
mkdir -p "$HOME/.cargo/bin"
printf '#!/bin/bash\necho "claude-code-sync $*" >>/run/stand-ins/log\nmkdir -p "$HOME/claude-history-sync"\n' >"$HOME/.cargo/bin/claude-code-sync"
chmod 755 "$HOME/.cargo/bin/claude-code-sync"
X
make systemctl <<'X'
log "$@"
case "$*" in
  "enable --now snowglobe-scratch.service") exec /usr/local/sbin/snowglobe-scratch ;;
  list-units*) cat "$run/units" 2>/dev/null || true ;;
esac
X
make update-grub <<'X'
log "$@"
X
make fallocate <<'X'
log "$@"
exec truncate -s 1M "$3"
X
make swapon <<'X'
case $1 in
  --show*) cat "$run/swaps" 2>/dev/null || true ;;
  *) log "$@"; echo "$1" >>"$run/swaps" ;;
esac
X
make lsblk <<'X'
cat "$run/disks"
X
make curl <<'X'
case "$*" in
  *api/token*) echo token ;;
  *instance-id*) echo i-0abc ;;
esac
X
for real in mkfs.ext4 mkfs.btrfs; do
  make "$real" <<X
log "\$@"
exec /usr/sbin/$real "\$@"
X
done
# Appears when snap has installed it.
into=/run/stand-ins
mkdir -p "$into"
make aws <<'X'
log "$@"
case "$1" in
  secretsmanager) [ -e "$run/no-secret" ] && exit 254; echo a-github-token ;;
esac
X
