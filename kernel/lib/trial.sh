# shellcheck shell=bash
# Which host kernel is installed here, is on trial, or was promoted. It is kept on the root disk, where a reboot does not lose
# it as it loses a tree in /tmp. Both records are lines of `release`, `hash` (of the inputs), `image` (SHA-256 of the image) and
# `base` (the distribution's configuration); that of a trial has `entry` (GRUB's) and `boot` (in which it was armed) too.

boot=$root/boot
grub_cfg=$boot/grub/grub.cfg
environment=$boot/grub/grubenv
running=$(uname -r)
trial=$root/var/lib/snowglobe-kernel/trial
promoted=$root/var/lib/snowglobe-kernel/promoted

boot_id() { cat "$root/proc/sys/kernel/random/boot_id" 2>/dev/null || echo unknown; }

# fact NAME RECORD
fact() { sed -n "s/^$1 //p" "$2" 2>/dev/null || true; }
on_trial() { fact "$1" "$trial"; }

# base_configuration: the running distribution's; where one of our own kernels runs, the one that it was built on, whatever an
# upgrade has brought since; where that is gone, the newest of the distribution's. Nothing where there is none: then the
# architecture's defconfig is the base.
base_configuration() {
  local file record
  file=$boot/config-$running
  if [[ $running == *$suffix* ]]; then
    for record in "$trial" "$promoted"; do
      [ "$(fact release "$record")" != "$running" ] || file=$boot/$(fact base "$record")
    done
  fi
  if [[ $file == *$suffix* || ! -f $file || ! -r $file ]]; then
    file=$(find "$boot" -maxdepth 1 -name 'config-*' ! -name "*$suffix*" 2>/dev/null | sort -V | tail -n 1)
  fi
  [ -z "$file" ] || echo "$file"
}

# entry_of RELEASE: its GRUB entry by ids, SUBMENU>ENTRY, from grub.cfg; nothing where it has none. A title would change with
# the distribution's wording, and a position with every kernel.
entry_of() {
  as_root cat "$grub_cfg" 2>/dev/null | awk -v release="$1" '
    function id(line) { if (match(line, /menuentry_id_option[[:space:]]+'\''[^'\'']+'\''/) == 0) return ""; line = substr(line, RSTART, RLENGTH); sub(/^[^'\'']*'\''/, "", line); sub(/'\''$/, "", line); return line }
    /^[[:space:]]*submenu / { submenu = id($0) }
    /^[[:space:]]*menuentry / {
      own = id($0)
      if (index(own, "gnulinux-" release "-advanced-") == 1 && !found++) print (submenu == "" ? own : submenu ">" own)
    }'
}

saved() { as_root grub-editenv "$environment" list | sed -n "s/^$1=//p"; }

image_sum() { as_root sha256sum "$boot/vmlinuz-$1" 2>/dev/null | cut -d ' ' -f 1; }

# is_whole RECORD: whether everything that was installed then is there still, and nothing else in its place.
is_whole() {
  local release
  release=$(fact release "$1")
  [ -n "$release" ] && [ -s "$boot/initrd.img-$release" ] && [ -e "$root/lib/modules/$release/modules.dep" ] &&
    [ "$(image_sum "$release")" = "$(fact image "$1")" ]
}

# standing HASH: how the host kernel of these inputs (of any, where HASH is empty) stands on this machine, in a word:
#   default    it runs, and is what GRUB boots     armed      its trial is the next boot     running    it runs on trial
#   fell-back  its last trial did not last         installed  its files are there, no more   none       it is not there
standing() {
  local release
  release=$(on_trial release)
  if [ -n "$release" ] && [ "${1:-$(on_trial hash)}" = "$(on_trial hash)" ] && is_whole "$trial"; then
    if [ "$(on_trial boot)" = "$(boot_id)" ]; then
      if [ "$(saved next_entry)" = "$(on_trial entry)" ]; then echo armed; else echo installed; fi
    elif [ "$running" = "$release" ]; then echo running
    else echo fell-back; fi
    return
  fi
  release=$(fact release "$promoted")
  if [ -n "$release" ] && [ "${1:-$(fact hash "$promoted")}" = "$(fact hash "$promoted")" ] && is_whole "$promoted"; then
    if [ "$running" = "$release" ] && [ "$(saved saved_entry)" = "$(entry_of "$release")" ]; then echo default; else echo installed; fi
    return
  fi
  echo none
}
