# shellcheck shell=bash
# Looked at before anything is begun: version, room, tools.

# Ubuntu's and Debian's names. debhelper and rsync are for those who make packages of the tree.
packages=(bc binutils bison build-essential ccache cpio curl debhelper flex gnupg kmod libdw-dev libelf-dev libncurses-dev
  libssl-dev patch perl python3 rsync xz-utils zstd)

check() {
  local missing=() package present
  phase check
  # The kernel's own makefiles take no other path.
  [[ $build != *[[:space:]:\"\'\\\$]* ]] ||
    fail "The path $build has a space, a colon or a quote in it, and no kernel builds there. Choose another BUILD_DIR."
  own_directory "$build"
  if [ -e "$tree" ] || [ -L "$tree" ]; then own_directory "$tree"; fi
  [[ $version =~ ^6\.18(\.[0-9]+)?$ ]] ||
    fail "Linux $version is refused: 7.x kernels froze nested guests where 6.18.3 and 6.18.44 did not, and the patches are for 6.18.y. Build 6.18.3."
  present=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null) || true
  for package in "${packages[@]}"; do
    [[ $'\n'$present$'\n' == *$'\n'"$package installed"$'\n'* ]] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

# Only where something will be built.
check_room() {
  local needed=10 free
  [ "$kind" = guest ] || needed=40
  # What an earlier build left is room that this one need not find again.
  [ ! -e "$tree/vmlinux" ] || needed=3
  free=$(free_mb "$build")
  [ "$free" -ge $((needed * 1024)) ] || fail "A $kind kernel needs $needed GB in $build, and $(as_gb "$free") GB are free. Make room, then build again."
  free=$(free_mb "$state")
  [ "$free" -ge 1024 ] || fail "Sources and images need 1 GB in $state, and $(as_gb "$free") GB are free. Make room, then build again."
}

install_packages() {
  note "Installing ${*}."
  # The lists of a fresh machine are old or absent. A running upgrade is waited for.
  without_lock as_root apt-get -o DPkg::Lock::Timeout=600 update -qq || true
  # sudo drops the environment: what keeps packages from asking questions is handed on behind it.
  without_lock as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "$@" ||
    fail "These packages are missing and could not be installed: $*. Install them with apt-get, then build again."
}
