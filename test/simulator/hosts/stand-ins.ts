/** Small programs, first on a simulated machine's PATH, that tell its story instead of that of the machine beneath. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Finds the real program behind a stand-in. */
const REAL = 'real() { PATH="$SIM_PATH" exec "$@"; }';

const SCRIPTS: Readonly<Record<string, string>> = {
  hostname: 'echo "$SIM_HOSTNAME"',
  nproc: 'echo "$SIM_VCPUS"',
  uname: `${REAL}
case "$*" in
  "") echo Linux ;;
  -r) echo "$SIM_KERNEL" ;;
  -m) echo "$SIM_ARCHITECTURE" ;;
  -n) echo "$SIM_HOSTNAME" ;;
  -a) echo "Linux $SIM_HOSTNAME $SIM_KERNEL #1 SMP $SIM_ARCHITECTURE GNU/Linux" ;;
  *) real uname "$@" ;;
esac`,
  uptime: `up=$(( $(date +%s) - SIM_STARTED ))
printf ' %s up %d:%02d,  1 user,  load average: 0.42, 0.31, 0.20\\n' "$(date +%T)" $((up / 3600)) $((up / 60 % 60))`,
  cat: `${REAL}
case "$*" in
  /proc/loadavg) echo "0.42 0.31 0.20 1/1380 4242" ;;
  /proc/uptime) echo "$(( $(date +%s) - SIM_STARTED )).00 0.00" ;;
  /sys/class/block/nvme1n1/device/model) echo "Amazon EC2 NVMe Instance Storage        " ;;
  *) real cat "$@" ;;
esac`,
  findmnt: `${REAL}
case "$*" in
  *--mountpoint\\ /mnt/fcvm-btrfs*) [ -n "$SIM_SCRATCH" ] && echo "$SIM_SCRATCH" ;;
  "-no OPTIONS /") echo "rw,relatime,discard" ;;
  *) real findmnt "$@" ;;
esac`,
  ip: `${REAL}
case "$*" in
  *"route show default"*) echo "default via 10.0.0.1 dev ens5" ;;
  *) real ip "$@" ;;
esac`,
  reboot: 'PATH="$SIM_PATH" exec curl -sf -m 5 -o /dev/null "$SIM_REBOOT/$SIM_HOSTNAME"',
  shutdown: 'case " $* " in *" -r "*) exec reboot ;; esac',
  systemctl:
    'case "$*" in reboot*) exec reboot ;; *) echo "System has not been booted with systemd." >&2; exit 1 ;; esac',
  curl: `${REAL}
case "$*" in
  *169.254.169.254/latest/api/token*) echo simulated ;;
  *169.254.169.254/*/spot/instance-action*) [ -s "$SIM_NOTICE" ] || exit 22; PATH="$SIM_PATH" exec cat "$SIM_NOTICE" ;;
  *169.254.169.254*) exit 22 ;;
  *) real curl "$@" ;;
esac`,
};

/** Writes them all into `directory`. */
export function writeStandIns(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, script] of Object.entries(SCRIPTS)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
}
