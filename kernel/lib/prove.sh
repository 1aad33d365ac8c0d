# shellcheck shell=bash
# After the build: the result proven, not assumed; then named by its version and hash, and older ones pruned.

# has_barrier OBJECT FUNCTION: whether the function's code holds a full-system barrier. It is read to its end first: a pipe whose
# reader leaves at the match fails under pipefail, and a good kernel then counts as one without.
has_barrier() {
  local code
  code=$(objdump -d --no-show-raw-insn --disassemble="$2" "$1") || fail "objdump could not read $1; the lines above say why. Build again."
  grep -qE '\bdsb[[:space:]]+sy\b' <<<"$code"
}

# has_string FILE TEXT
has_string() { LC_ALL=C grep -qaF -- "$2" "$1"; }

prove() {
  local release receiver
  phase prove
  release=$(<"$tree/include/config/kernel.release")
  has_string "$tree/vmlinux" "Linux version $release" || fail "The image does not name itself Linux version $release. Remove $tree, then build again."
  if [ "$kind" = host ] && [ "$release" != "$version$suffix" ]; then
    fail "The kernel calls itself $release and not $version$suffix. Remove $tree, then build again."
  fi
  # The patches change nothing on x86.
  if [ "$arch" = arm64 ]; then
    has_string "$tree/$image" arm64.nv2 || fail "arm64.nv2 is not in the image: mmfr4-override.patch had no effect. Remove $tree, then build again."
    has_barrier "$tree/vmlinux" kvm_nested_sync_hwstate ||
      fail "kvm_nested_sync_hwstate() has no dsb sy: nv2-vsock-cache-sync.patch had no effect. Remove $tree, then build again."
    # A module in the host, built in in the guest.
    receiver=$tree/vmlinux
    [ ! -e "$tree/net/vmw_vsock/vmw_vsock_virtio_transport.o" ] || receiver=$tree/net/vmw_vsock/vmw_vsock_virtio_transport.o
    has_barrier "$receiver" virtio_transport_rx_work ||
      fail "virtio_transport_rx_work() has no dsb sy: nv2-vsock-rx-barrier.patch had no effect. Remove $tree, then build again."
    note "Proven: dsb sy in both functions, arm64.nv2 in the image."
  fi
  note "Proven: the image is Linux version $release."
}

# keep_artefact: the image and what went into it, whole or not at all; the newest three of a kind stay.
keep_artefact() {
  local old
  mkdir -p "$artefacts"
  cp "$tree/$image" "$artefact.part" || fail "The image could not be kept in $artefacts. Make room there, then build again."
  put "$artefact.inputs" <<<"$inputs"
  mv "$artefact.part" "$artefact"
  while read -r old; do
    note "Removed the old $old."
    rm -f "${artefacts:?}/$old" "$artefacts/$old.inputs"
  done < <(kept_artefacts | tail -n +4)
  while read -r old; do note "Kept: $old."; done < <(kept_artefacts | tail -n +2)
}

# Newest first.
kept_artefacts() { (cd "$artefacts" && ls -t -- "$stem"-*[0-9a-f]"$ending" 2>/dev/null) || true; }
