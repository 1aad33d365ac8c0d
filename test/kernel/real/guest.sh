#!/bin/busybox sh
# The first process of a guest that is looked at (busybox's shell). Each thing seen is one line, "SEEN what: how" or "NOT SEEN what: why".
# The command line says: port= of the mirror on the host, vsock=no where the machine has none.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /mnt/ext4 /mnt/btrfs /mnt/squashfs /mnt/fuse /mnt/overlay /run
mount -t tmpfs run /run
for word in $(cat /proc/cmdline); do case $word in port=* | vsock=*) eval "${word%%=*}=${word#*=}" ;; esac; done

# see WHAT COMMAND…: its last line is how.
see() {
  local what=$1 how
  shift
  if how=$("$@" 2>&1); then echo "SEEN $what: $(echo "$how" | tail -n 1)"; else echo "NOT SEEN $what: $(echo "$how" | tail -n 3 | tr '\n' ' ')"; fi
}
disk() { for one in /sys/block/vd*; do [ "$(cat "$one/serial")" != "$1" ] || echo "/dev/${one##*/}"; done; }
release() { uname -rvm; }
configuration() {
  zcat /proc/config.gz >/run/config || return
  for one in VMGENID VIRT_DRIVERS INET_DIAG_DESTROY FUSE_FS KVM VHOST_VSOCK NF_TABLES_ARP NFSD_V4 VIRTIO_PMEM PCI_MSI; do
    grep -qx "CONFIG_$one=y" /run/config || { echo "no CONFIG_$one=y"; return 1; }
  done
  echo "/proc/config.gz has $(grep -c =y /run/config) options"
}
mounted() { mount -t "$1" ${3:-} "$(disk "$1")" "/mnt/$1" && cat "/mnt/$1/$2"; }
overlay() {
  mkdir -p /run/upper /run/work
  mount -t overlay -o lowerdir=/mnt/squashfs,upperdir=/run/upper,workdir=/run/work overlay /mnt/overlay &&
    echo changed >/mnt/overlay/hello && [ "$(cat /mnt/squashfs/hello)" = "hello from squashfs" ] && echo "written above a squashfs: $(cat /mnt/overlay/hello)"
}
network() {
  ip address add 10.0.2.15/24 dev eth0 && ip link set eth0 up && wget -q -O /run/got "http://10.0.2.2:$port/v6.x/sha256sums.asc" &&
    echo "$(wc -c </run/got) bytes over virtio-net, with the sum of $(sed -n 's/^[0-9a-f]\{64\}  //p' /run/got)"
}
to_host() { probe send 2 5001 1048576; }
from_host() { probe serve 5002 1048576; }
reflink() {
  head -c 1000000 /dev/urandom >/mnt/btrfs/one && sync && probe fuse /mnt/btrfs /mnt/fuse && probe clone /mnt/fuse/one /mnt/fuse/two &&
    sync && cmp /mnt/btrfs/one /mnt/btrfs/two && echo "a clone through FUSE, equal on btrfs, $(probe shared /mnt/btrfs/two)"
}
entropy() { cat /sys/class/misc/hw_random/rng_current; }

see uname release
see configuration configuration
see ext4 mounted ext4 hello
see btrfs mounted btrfs hello
see squashfs mounted squashfs hello "-o ro"
see overlay overlay
see entropy entropy
see network network
if [ "$vsock" != no ]; then
  see "vsock to the host" to_host
  see "vsock from the host" from_host
fi
see "reflink through FUSE" reflink
echo "SEEN the end: nothing is left to look at"
sync
reboot -f
