/**
 * A machine to boot a first-boot script on: this one's own files under an overlay in a mount namespace of their own, loop
 * devices for disks, and stand-ins for what must not really happen. Nothing outlives the call but files under its folder.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Boot {
  readonly code: number | null;
  /** Everything it printed. */
  readonly output: string;
  /** Marked lines of the story: what `say NAME` printed, by name. */
  readonly said: Readonly<Record<string, string>>;
}

/** Whether mount namespaces, overlays and loop devices can be had here; what lacks is named. */
export function whatLacks(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "root on Linux";
  for (const tool of ["/usr/sbin/mkfs.btrfs", "/usr/sbin/losetup", "/usr/bin/unshare"]) {
    if (!existsSync(tool)) return tool;
  }
  const probe = `d=$(mktemp -d) && mkdir $d/u $d/w $d/m && mount -t overlay o -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/m &&
    umount $d/m && truncate -s 1M $d/disk && loop=$(losetup -f --show $d/disk) && losetup -d $loop; code=$?; rm -rf $d; exit $code`;
  return spawnSync("unshare", ["-m", "--uts", "bash", "-c", probe]).status === 0
    ? undefined
    : "overlays and loop devices";
}

/**
 * Tells a story, in bash as root, on a fresh machine. In the story `boot` runs the script, `on CMD…` runs a command on the
 * machine, `$one` and `$two` are its empty disks (128 MiB), `say NAME` puts stdin into `said`, `changed` lists every file
 * with its digest, mode, owner and time, `log` what the stand-ins were asked, `$run` is their folder and `$root` the
 * machine's file tree.
 */
export function tell(script: string, story: string): Boot {
  const folder = mkdtempSync(join(tmpdir(), "first-boot-"));
  try {
    for (const name of ["upper", "work", "root", "run"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "first-boot.sh"), script);
    const { status, stdout } = spawnSync(
      "unshare",
      ["-m", "--uts", "--propagation", "private", "bash", "-c", setUp(story)],
      {
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", FOLDER: folder, HERE: import.meta.dirname },
        encoding: "utf8",
        timeout: 280_000,
      },
    );
    const said: Record<string, string> = {};
    for (const [, name, text] of stdout.matchAll(/^<<<(\w+)\n([\s\S]*?)^>>>$/gm))
      said[name ?? ""] = (text ?? "").trimEnd();
    return { code: status, output: stdout, said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const setUp = (story: string) => `
exec 2>&1
set -eu
root=$FOLDER/root run=$FOLDER/run
truncate -s 128M "$FOLDER/disk-one" "$FOLDER/disk-two"
trap 'umount -R "$root" || true; losetup -d $one $two' EXIT
one=$(losetup -f --show "$FOLDER/disk-one") two=$(losetup -f --show "$FOLDER/disk-two")
mkdir -p "$FOLDER/upper/etc/default" "$FOLDER/upper/home/ubuntu/.ssh" "$FOLDER/upper/usr/local/bin" "$FOLDER/upper/mnt"
grep -v '^ubuntu:' /etc/passwd >"$FOLDER/upper/etc/passwd"
echo 'ubuntu:x:1000:1000::/home/ubuntu:/bin/bash' >>"$FOLDER/upper/etc/passwd"
grep -v '^ubuntu:' /etc/group >"$FOLDER/upper/etc/group"
echo 'ubuntu:x:1000:' >>"$FOLDER/upper/etc/group"
echo '# no disks yet' >"$FOLDER/upper/etc/fstab"
echo 'ssh-ed25519 key' >"$FOLDER/upper/home/ubuntu/.ssh/authorized_keys"
mount -t overlay overlay -o "lowerdir=/,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$root"
mount -t tmpfs tmpfs "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
cp -a /dev/null /dev/zero /dev/urandom "$one" "$two" "$root/dev/"
ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root/dev/disk/by-id" "$root/run/stand-ins"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --bind "$run" "$root/run/stand-ins"
on() { chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
cp "$FOLDER/first-boot.sh" "$HERE/stand-ins.sh" "$root/tmp/"
on bash /tmp/stand-ins.sh /usr/local/bin
printf '%s Amazon Elastic Block Store\\n' /dev/nvme0n1 >"$run/disks"
boot() { on bash /tmp/first-boot.sh; }
say() { echo "<<<$1"; cat; echo; echo ">>>"; }
log() { cat "$run/log" 2>/dev/null || true; : >"$run/log"; }
changed() {
  for place in "$FOLDER/upper" "$root/home/ubuntu" "$root/mnt"; do
    (cd "$place" && find . ! -type d ! -type c -printf '%p %m %u %T@ %l ' -exec sh -c '[ -L "$1" ] || sha256sum <"$1"' _ {} \\; -printf '\\n')
  done | sort
}
status() { cat "$root/var/lib/snowglobe/first-boot.status"; }
home_disk() { ln -s "$1" "$root/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"; }
${story}
`;
