#!/usr/bin/env bash
# Puts a host kernel that build.sh has built onto this machine, for one trial boot; the kernel that runs stays the default
# until `promote`. Neither it nor the distribution's kernels are ever removed.
#
#   install-host.sh            installs, and arms one boot of it: the reboot itself is the caller's. Where the kernel of these
#                              inputs is the default and runs, runs on trial, or waits for its trial, it says so and does no more;
#                              where it fell back, it is armed again, without its tree where that went with a reboot
#   install-host.sh health     one line of JSON about the kernel that runs now:
#                              {"uname","expected","default","built","matches","root","network","nvme","kvm","healthy","trial"}
#                              expected: the release on trial or "" ; default: what GRUB boots otherwise, or "" ; nvme: number of disks; healthy: all of the others;
#                              built: the hash of the inputs of the promoted kernel where it runs and is the default, or "";
#                              trial: armed (not rebooted yet), running, fell-back, none
#   install-host.sh promote    after the trial boot: makes it the default, where health is good; else a sentence and status 1
#   install-host.sh reboot armed|running
#                              reboots, into the trial or out of it, where it still stands so; else status 4
#
# SNOWGLOBE_ROOT goes before every path, for tests.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
source "$here/lib/common.sh"
# shellcheck source=lib/trial.sh
source "$here/lib/trial.sh"

version=${KERNEL_VERSION:-6.18.3}
build=${BUILD_DIR:-$root/tmp/kernel-build-host}
build=${build%"${build##*[!/]}"}
tree=$build/linux-$version
release=$version$suffix
# A day's upgrades are not begun while this says so.
upgrades_wait=$root/etc/systemd/system/apt-daily-upgrade.service.d/snowglobe-trial.conf

# The boot loader can write its environment only to plain file systems on plain disks; without that, one trial boot would be
# every boot.
check_boot_loader() {
  local abstraction system free tool
  for tool in grub-editenv grub-reboot grub-set-default grub-probe update-grub update-initramfs; do
    command -v "$tool" >/dev/null ||
      fail "This machine has no $tool, so no trial boot is possible. Install grub and initramfs-tools."
  done
  abstraction=$(as_root grub-probe --target=abstraction "$boot/grub" | tr '\n' ' ')
  system=$(as_root grub-probe --target=fs "$boot/grub")
  [[ ${abstraction// /} == "" && $system =~ ^(ext2|xfs|fat)$ ]] ||
    fail "GRUB cannot write its environment in $boot/grub ($system ${abstraction:-}): a trial boot could not fall back. Nothing was installed."
  as_root grub-editenv "$environment" set snowglobe_probe=1 || true
  [ "$(saved snowglobe_probe)" = 1 ] || fail "$environment cannot be written: a trial boot could not fall back. Nothing was installed."
  as_root grub-editenv "$environment" unset snowglobe_probe
  free=$(df --output=avail -BM "$boot" | tail -n 1 | tr -dc 0-9)
  [ "$free" -ge 400 ] || fail "A kernel and its initramfs need 400 MB in $boot, and $free MB are free. Make room there, then install again."
}

# The image that the machine falls back to. Where the running kernel has the very release that is about to be installed, its
# files are kept as .old, and the fall-back is the distribution's newest kernel, which brought this machine up before.
fall_back_release() {
  if [ "$running" != "$release" ]; then
    echo "$running"
  else
    find "$boot" -maxdepth 1 -name 'vmlinuz-*' ! -name "*$suffix*" -printf '%f\n' | sed 's/^vmlinuz-//' | sort -V | tail -n 1
  fi
}

set_command_line() {
  local mode=""
  [ "$arch" != arm64 ] || mode="kvm-arm.mode=nested numa=off "
  as_root mkdir -p "$root/etc/default/grub.d"
  # After the cloud image's own (50-cloudimg-settings.cfg). panic=-1: a panic reboots at once, into the saved default.
  as_root tee "$root/etc/default/grub.d/99-snowglobe-kernel.cfg" >/dev/null <<CONF
GRUB_DEFAULT=saved
GRUB_CMDLINE_LINUX_DEFAULT="\$GRUB_CMDLINE_LINUX_DEFAULT ${mode}panic=-1"
CONF
}

# Whether what is installed under this release is what runs: another build of it may have been installed since.
release_runs() { [ "$running" = "$release" ] && [ "$(on_trial release)$(on_trial boot)" != "$release$(boot_id)" ]; }

# into SOURCE TARGET: a file of /boot, whole or not at all; what was there stays as .old where it is the running kernel's.
into() {
  as_root cp "$1" "$2.new"
  if [ -e "$2" ] && release_runs; then as_root cp -p "$2" "$2.old"; fi
  as_root mv -f "$2.new" "$2"
}

put_files() { # IMAGE
  if release_runs && [ -d "$root/lib/modules/$release" ]; then
    as_root rm -rf "$root/lib/modules/$release.old"
    # No hard links: what is installed now is partly written into the files that are there.
    as_root cp -a --reflink=auto "$root/lib/modules/$release" "$root/lib/modules/$release.old"
  fi
  as_root make -C "$tree" --no-print-directory ARCH="$make_arch" INSTALL_MOD_PATH="$root" INSTALL_MOD_STRIP=1 modules_install
  into "$1" "$boot/vmlinuz-$release"
  into "$tree/System.map" "$boot/System.map-$release"
  into "$tree/.config" "$boot/config-$release"
}

install_kernel() {
  local image=arch/x86/boot/bzImage wanted built="" fall_back previous
  # Its makefile is run by root.
  if [ -e "$tree" ] || [ -L "$tree" ] || [ -L "$build" ]; then own_directory "$tree"; fi
  [ "$arch" = x86 ] || image=arch/arm64/boot/Image
  if [ -s "$tree/$image" ] && [ "$(cat "$tree/include/config/kernel.release" 2>/dev/null)" = "$release" ]; then
    built=$(cat "$build/.built" 2>/dev/null || true)
  fi
  wanted=$(cat "${SNOWGLOBE_JOB:-/none}/hash" 2>/dev/null || echo "$built")
  [ "$built" = "$wanted" ] || built=""
  case $(standing "$wanted") in
    default)
      note "This machine runs this $release already, and it is the default: nothing is installed, and no trial is needed."
      # Of another kernel, and over.
      look_at_health
      [ "$phase_of_trial" != fell-back ] || as_root rm -f "$trial"
      return
      ;;
    armed)
      note "This $release is installed already, and the next boot is its trial."
      return
      ;;
    running)
      note "This $release runs on trial already: promote it, or reboot for the one before."
      return
      ;;
    fell-back) note "This same $release has had a trial and was not made the default: $running runs. It gets another one." ;;
    installed) note "This $release is installed already, but not the default that runs. It gets a trial boot." ;;
    *) [ -n "$built" ] || fail "There is no $release in $tree. Build it with kernel/build.sh first." ;;
  esac
  check_boot_loader
  fall_back=$(fall_back_release)
  previous=$(entry_of "${fall_back:-none}")
  [ -n "$previous" ] || fail "GRUB has no entry for ${fall_back:-a kernel of the distribution}, so there is nothing to fall back to. Nothing was installed; run update-grub and try again."
  # Before anything is installed: GRUB sorts the newest kernel first, and any reboot from here on must not take it.
  set_command_line
  as_root grub-set-default --boot-directory="$boot" "$previous"
  [ "$(saved saved_entry)" = "$previous" ] || fail "GRUB's saved default could not be set. Nothing was installed; look at $environment."
  note "The default stays $fall_back."
  # Where its tree went with a reboot, what was installed from it is whole.
  [ -z "$built" ] || put_files "$tree/$image"
  if [ -e "$boot/initrd.img-$release" ]; then
    ! release_runs || as_root cp -p "$boot/initrd.img-$release" "$boot/initrd.img-$release.old"
    as_root update-initramfs -u -k "$release"
  else
    as_root update-initramfs -c -k "$release"
  fi
  [ -s "$boot/initrd.img-$release" ] || fail "update-initramfs made no initramfs for $release. The default is still $fall_back; install again."
  as_root update-grub
  # The distribution's hooks may have written the default anew.
  [ "$(saved saved_entry)" = "$previous" ] || as_root grub-set-default --boot-directory="$boot" "$previous"
  [ -n "$wanted" ] || wanted=$(on_trial hash)
  [ -n "$wanted" ] || wanted=$(fact hash "$promoted")
  arm_trial "$wanted" "$fall_back"
}

arm_trial() { # HASH FALL_BACK
  local entry base
  entry=$(entry_of "$release")
  [ -n "$entry" ] || fail "update-grub made no entry for $release. The default is still $2; look at $boot/vmlinuz-$release."
  as_root mkdir -p "$(dirname "$trial")"
  base=$(base_configuration)
  printf 'release %s\nhash %s\nimage %s\nbase %s\nentry %s\nboot %s\n' "$release" "$1" "$(image_sum "$release")" \
    "${base##*/}" "$entry" "$(boot_id)" | as_root tee "$trial" >/dev/null
  hold_upgrades_off "$2"
  as_root grub-reboot --boot-directory="$boot" "$entry"
  [ "$(saved next_entry)" = "$entry" ] || fail "The trial boot could not be armed. The default is still $2; look at $environment."
  note "The next boot, and only that, is $release; the one after it is $2 again, unless it is promoted."
}

# A reboot of an upgrade's (03:00) would use up the trial unseen, or end it before it is promoted. None is begun for two hours
# from the arming on, also across the trial's boot; after that, or once there is no trial, they go on by themselves.
hold_upgrades_off() { # FALL_BACK
  local lock=$root/var/lib/apt/daily_lock try code
  has_systemd || return 0
  as_root mkdir -p "$(dirname "$upgrades_wait")"
  as_root tee "$upgrades_wait" >/dev/null <<CONF
[Service]
ExecCondition=/bin/sh -c '! find $trial -mmin -120 2>/dev/null | grep -q .'
CONF
  as_root systemctl daemon-reload
  # One that was begun and only waits for apt's daily lock is past that condition. While we hold the lock, or the job does, it
  # has done nothing yet and can be stopped; one that is at work is let finish, and then what it planned is called off.
  for ((try = 0; try < 1800; try++)); do
    code=0
    if [ -e "${SNOWGLOBE_JOB:-/none}/upgrades-held" ]; then
      as_root systemctl stop apt-daily-upgrade.service || true
    else
      as_root flock -n -E 75 "$lock" systemctl stop apt-daily-upgrade.service || code=$?
    fi
    [ "$code" = 75 ] || break
    [ "$try" != 0 ] || note "An upgrade is under way: its end is waited for."
    sleep 1
  done
  if [ "$code" = 75 ]; then
    as_root rm -f "$trial"
    fail "An upgrade has been under way for half an hour. The default is still $1; install again when it has ended."
  fi
  call_off_reboot "a kernel is to be tried"
}

let_upgrades_go_on() {
  [ -e "$upgrades_wait" ] || return 0
  as_root rm -f "$upgrades_wait"
  ! has_systemd || as_root systemctl daemon-reload
}

# look_at_health: the findings as variables; every one is looked at, whatever the others say.
look_at_health() {
  expected=$(on_trial release)
  matches=false root_mounted=false network=false kvm=false healthy=false
  if [ -z "$expected" ]; then phase_of_trial=none
  elif [ "$(on_trial boot)" = "$(boot_id)" ]; then phase_of_trial=armed
  elif [ "$running" = "$expected" ]; then phase_of_trial=running
  else phase_of_trial=fell-back; fi
  if [ -n "$expected" ] && [ "$running" = "$expected" ]; then matches=true; fi
  # Written to, not only mounted: a root that could not be checked comes up read-only.
  if [[ ,$(findmnt -no OPTIONS /), == *,rw,* ]]; then root_mounted=true; fi
  if [ -n "$(ip -o route show default; ip -o -6 route show default)" ]; then network=true; fi
  nvme=$(find "$root/sys/class/nvme" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)
  if [ -e "$root/dev/kvm" ]; then kvm=true; fi
  if [ "$root_mounted$network$kvm" = truetruetrue ] && [ "$nvme" -gt 0 ] && { [ -z "$expected" ] || [ "$phase_of_trial" = running ]; }; then
    healthy=true
  fi
}

health() {
  local default built=""
  look_at_health
  [ "$(standing "")" != default ] || built=$(fact hash "$promoted")
  default=$(saved saved_entry 2>/dev/null | sed -n 's/^.*gnulinux-\(.*\)-advanced-.*$/\1/p') || true
  printf '{"uname":%s,"expected":%s,"default":%s,"built":%s,"matches":%s,"root":%s,"network":%s,"nvme":%s,"kvm":%s,"healthy":%s,"trial":"%s"}\n' \
    "$(json_string "$running")" "$(json_string "$expected")" "$(json_string "$default")" "$(json_string "$built")" "$matches" "$root_mounted" "$network" "$nvme" "$kvm" "$healthy" "$phase_of_trial"
}

promote() {
  local entry
  look_at_health
  case $phase_of_trial in
    none) fail "No kernel is on trial here. Install one first." ;;
    armed) fail "$expected has not been booted yet. Reboot first." ;;
    fell-back) fail "$expected did not come up: $running runs. It stays the default; look at the console's output." ;;
  esac
  [ "$healthy" = true ] || fail "$expected runs, but not well (root $root_mounted, network $network, NVMe $nvme, /dev/kvm $kvm). It is not made the default; reboot for the one before."
  # Looked up anew: update-grub may have run since.
  entry=$(entry_of "$expected")
  [ -n "$entry" ] || fail "GRUB has no entry for $expected any more. Run update-grub, then promote again."
  as_root grub-set-default --boot-directory="$boot" "$entry"
  [ "$(saved saved_entry)" = "$entry" ] || fail "GRUB's saved default could not be set. Look at $environment."
  as_root grep -E '^(release|hash|image|base) ' "$trial" | as_root tee "$promoted" >/dev/null
  as_root rm -f "$trial"
  let_upgrades_go_on
  note "$expected is the default from now on."
}

# Looked at here once more: whoever asked for it may have been late.
reboot_while() { # STANDING
  look_at_health
  if [ "$phase_of_trial" != "$1" ]; then
    said_why=yes
    exit 4
  fi
  if [ "$1" = armed ]; then
    # It may have been armed long ago, and upgrades wait for two hours.
    as_root touch "$trial"
    call_off_reboot "a kernel is tried"
  fi
  as_root reboot || fail "This machine would not reboot (status $?). Look at journalctl -b."
}

export PATH=$PATH:/usr/sbin:/sbin
trap say_end EXIT
case "${1:-install}" in
  install) install_kernel ;;
  health) health ;;
  promote) promote ;;
  reboot)
    case ${2:-} in
      armed | running) reboot_while "$2" ;;
      *)
        echo "Say reboot armed or reboot running." >&2
        exit 2
        ;;
    esac
    ;;
  *)
    echo "Say health, promote or reboot, or nothing to install." >&2
    exit 2
    ;;
esac
