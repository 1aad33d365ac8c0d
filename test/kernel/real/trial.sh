#!/bin/bash
# The first process of a machine whose kernel is on trial (over GRUB, in QEMU): says what runs and what install-host.sh says of it,
# and promotes it where the first line of the disk's /steps asks for that. Then it reboots; after the last step it only says so.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc 2>/dev/null
mount -t sysfs sys /sys 2>/dev/null
mount -t devtmpfs dev /dev 2>/dev/null
mount -o remount,rw /
ip link add dummy0 type dummy 2>/dev/null || { modprobe dummy; ip link add dummy0 type dummy 2>/dev/null; }
ip address add 10.9.9.9/24 dev dummy0
ip link set dummy0 up
ip route add default via 10.9.9.1
modprobe kvm_amd 2>/dev/null
step=$(sed -n 1p /steps)
sed -i 1d /steps
echo "TRIAL $step: runs $(uname -r), from $(tr ' ' '\n' </proc/cmdline | grep BOOT_IMAGE)"
[ "$step" != promote ] || echo "TRIAL $step: $(/kernel/install-host.sh promote 2>&1)"
echo "TRIAL $step: $(/kernel/install-host.sh health 2>&1)"
echo "TRIAL $step: grubenv $(grub-editenv /boot/grub/grubenv list | tr '\n' ' ')"
mount -o remount,ro /
sync
# No init system is here to ask.
if [ -s /steps ]; then echo b >/proc/sysrq-trigger; else echo "TRIAL: no more steps"; fi
sleep infinity
