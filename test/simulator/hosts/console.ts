/** What a machine's serial console shows of a boot, in the words of Linux. */

import type { Chosen } from "./grub.ts";

/** How the boot of a kernel ends: a login prompt, a panic, or nothing more. */
export type Ending = "up" | "panic" | "hang";

/**
 * One boot's lines, each ended by CR LF.
 * @param printed the public host keys that cloud-init prints in it
 */
export function bootText(
  machine: string,
  { release, rebootsOnPanic }: Chosen,
  ending: Ending,
  printed: readonly string[],
): string {
  const lines = [
    "",
    `GNU GRUB  version 2.12`,
    `[    0.000000] Linux version ${release} (snowglobe@snowglobe) #1 SMP`,
    `[    0.000000] Kernel command line: BOOT_IMAGE=/boot/vmlinuz-${release} root=LABEL=cloudimg-rootfs ro console=tty1 console=ttyS0${rebootsOnPanic ? " panic=-1" : ""}`,
    "[    0.214431] SMP: Total processors activated.",
    "[    1.204113] nvme nvme0: pci function 0000:00:04.0",
  ];
  if (ending === "panic") lines.push(...panic(release, rebootsOnPanic));
  if (ending === "hang") lines.push("[    1.871190] kvm [1]: nv: 1 MMU notifier registered");
  if (ending === "up") {
    lines.push(
      "[    2.118302] EXT4-fs (nvme0n1p1): mounted filesystem with ordered data mode.",
      "",
      `Ubuntu 24.04.3 LTS ${machine} ttyS0`,
    );
    if (printed.length > 0) {
      lines.push("-----BEGIN SSH HOST KEY KEYS-----", ...printed, "-----END SSH HOST KEY KEYS-----");
    }
    lines.push("[   14.220871] cloud-init[1402]: Cloud-init v. 25.1.4 finished. Datasource DataSourceEc2Local.");
  }
  return `${lines.join("\r\n")}\r\n`;
}

const panic = (release: string, reboots: boolean): string[] => [
  "[    1.871190] ------------[ cut here ]------------",
  "[    1.871193] kernel BUG at arch/arm64/kvm/nested.c:754!",
  "[    1.871201] Internal error: Oops - BUG: 00000000f2000800 [#1]  SMP",
  "[    1.871215] Modules linked in:",
  `[    1.871233] CPU: 12 UID: 0 PID: 1 Comm: swapper/0 Not tainted ${release} #1 PREEMPT`,
  "[    1.871240] Hardware name: Amazon EC2 c7gd.metal/Not Specified, BIOS 1.0 10/16/2017",
  "[    1.871251] pc : kvm_vcpu_put_hw_mmu+0x9c/0xa8",
  "[    1.871256] lr : kvm_arch_vcpu_put+0x2c/0xd8",
  "[    1.871302] Call trace:",
  "[    1.871304]  kvm_vcpu_put_hw_mmu+0x9c/0xa8 (P)",
  "[    1.871309]  kvm_arch_vcpu_put+0x2c/0xd8",
  "[    1.871330] ---[ end trace 0000000000000000 ]---",
  "[    1.871388] Kernel panic - not syncing: Oops - BUG: Fatal exception",
  ...(reboots
    ? ["[    1.871401] Rebooting immediately.."]
    : ["[    1.872914] ---[ end Kernel panic - not syncing: Oops - BUG: Fatal exception ]---"]),
];
