/**
 * What others ask of a guest kernel of 6.18: facts, with their sources, for the comparison with kernel/config/guest*.config.
 *
 * Firecracker: docs/kernel-policy.md ("Guest kernel configuration items") and resources/guest_configs/
 * {microvm-kernel-ci-aarch64-6.18,microvm-kernel-ci-x86_64-6.18,ci}.config, at 81b38b9dad60 of 2026-08-21: of the configurations
 * only what concerns a device or a feature of Firecracker's; the rest is a distribution's.
 * fcvm: kernel/{default,nested}.conf and {default,nested}-x86.conf with kernel/README.md, at 00aa4c287ae2 and 46d88021bcab.
 */

type Architecture = "arm64" | "x86";

interface Asked {
  readonly by: "Firecracker" | "fcvm";
  readonly architectures: readonly Architecture[];
  readonly options: readonly string[];
}

const BOTH = ["arm64", "x86"] as const;
const words = (text: string) => text.trim().split(/\s+/);

export const ASKED: readonly Asked[] = [
  {
    by: "Firecracker",
    architectures: BOTH,
    options: words(`SERIAL_8250_CONSOLE PRINTK BLK_DEV_INITRD VIRTIO_MMIO MEMORY_BALLOON VIRTIO_BALLOON VIRTIO_BLK
      MSDOS_PARTITION VIRTIO_NET VIRTIO_VSOCKETS HW_RANDOM_VIRTIO PCI PCI_MSI PCIEPORTBUS VIRTIO_PCI VIRT_DRIVERS VMGENID
      PTP_1588_CLOCK PTP_1588_CLOCK_KVM PTP_1588_CLOCK_VMCLOCK VIRTIO_PMEM BLK_DEV_PMEM LIBNVDIMM ZONE_DEVICE FS_DAX VIRTIO_MEM
      MEMORY_HOTPLUG MEMORY_HOTREMOVE INET_DIAG INET_DIAG_DESTROY IKCONFIG IKCONFIG_PROC SQUASHFS_ZSTD DEVMEM STRICT_DEVMEM`),
  },
  {
    by: "Firecracker",
    architectures: ["arm64"],
    options: words("ARM_AMBA RTC_DRV_PL031 SERIAL_OF_PLATFORM PCI_HOST_COMMON PCI_HOST_GENERIC ACPI EFI"),
  },
  {
    by: "Firecracker",
    architectures: ["x86"],
    options: words(`ACPI KVM_GUEST SERIO SERIO_I8042 SERIO_LIBPS2 SERIO_GSCPS2 INPUT_KEYBOARD KEYBOARD_ATKBD
      VIRTIO_MMIO_CMDLINE_DEVICES X86_MPPARSE PCI_MMCONFIG BLK_MQ_PCI RANDOM_TRUST_CPU PVH`),
  },
  {
    by: "fcvm",
    architectures: BOTH,
    options:
      words(`FUSE_FS VIRTUALIZATION KVM TUN VETH INET_DIAG INET_DIAG_DESTROY PACKET NETFILTER NETFILTER_ADVANCED NF_CONNTRACK
      NF_NAT NF_TABLES NF_TABLES_INET NF_TABLES_NETDEV NF_TABLES_IPV4 NF_TABLES_ARP NFT_COMPAT NFT_NAT NFT_MASQ NFT_CT
      IP_NF_IPTABLES NETFILTER_XT_NAT NETFILTER_XT_MATCH_STATE NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_MATCH_COMMENT
      NETFILTER_XT_TARGET_MASQUERADE NF_NAT_MASQUERADE BRIDGE BRIDGE_NETFILTER SQUASHFS SQUASHFS_FILE_DIRECT SQUASHFS_XATTR
      SQUASHFS_ZLIB SQUASHFS_LZ4 SQUASHFS_LZO SQUASHFS_XZ SQUASHFS_ZSTD XZ_DEC XZ_DEC_X86 XZ_DEC_POWERPC XZ_DEC_ARM
      XZ_DEC_ARMTHUMB XZ_DEC_SPARC XZ_DEC_MICROLZMA LZO_COMPRESS LZO_DECOMPRESS LZ4_DECOMPRESS ZSTD_DECOMPRESS
      NETWORK_FILESYSTEMS NFS_FS NFS_V3 NFS_V4 NFS_V4_1 NFS_V4_2 ROOT_NFS SUNRPC SUNRPC_GSS LOCKD LOCKD_V4 NFSD NFSD_V4 EXPORTFS
      NETFILTER_XTABLES IP_NF_FILTER IP_NF_TARGET_REJECT IP6_NF_IPTABLES IP6_NF_FILTER IP6_NF_TARGET_REJECT`),
  },
  {
    by: "fcvm",
    architectures: ["arm64"],
    options: words("NF_TABLES_IPV6 SQUASHFS_COMPILE_DECOMP_MULTI_PERCPU"),
  },
  {
    by: "fcvm",
    architectures: ["x86"],
    options: words(`PCI PCI_MSI VIRTIO_MMIO VIRTIO_MMIO_CMDLINE_DEVICES KVM_INTEL KVM_AMD NFT_CHAIN_NAT IP_NF_NAT
      IP_NF_TARGET_MASQUERADE IP_NF_MANGLE SQUASHFS_DECOMP_MULTI SQUASHFS_DECOMP_MULTI_PERCPU XZ_DEC_IA64 LZ4_COMPRESS
      ZSTD_COMPRESS NFSD_V3`),
  },
];

/**
 * fcvm's patches beyond the three of arm64's nesting, and which of ours does the same; or why none does. From its kernel/ at
 * 00aa4c287ae2 and 46d88021bcab, and from its own audit of them (ejc3/fcvm issue 770).
 */
export const PATCHES_OF_FCVM: Readonly<Record<string, { readonly ours: string } | { readonly none: string }>> = {
  "fuse-add-remap_file_range-support": { ours: "fuse-remap-file-range.patch" },
  "virtio_ring-fix-infinite-loop-in-virtnet_poll_cleantx": { ours: "virtio-ring-broken-poll.patch" },
  "x86-kvm-leave-the-async-pf-reason-for-the-fault-it-belongs-to": { ours: "x86-async-pf-nested.patch" },
  "vncr-fixmap-state": { ours: "vncr-fixmap-state.patch" },
  "wfx-stopped-exit": {
    none: "6.18's kvm_prepare_system_event() stops all vCPUs and leaves for the VMM by itself; fcvm dropped it for that",
  },
  "fuse-fix-utimensat": { none: "UTIME_NOW with fcvm's write-back cache; not among what spec/kernel.md asks for" },
  "psci-debug": { none: "lines for a debugger; fcvm dropped them" },
  "fs-cache-dominating-id-per-peer-group": { none: "of fcvm's mountinfo profile, which our guests are not" },
};

/** Not in our fragments because another option of them brings it, as 6.18.3's Kconfig says: by `select`, or as its default. */
export const BROUGHT: Readonly<Record<string, string>> = {
  PRINTK: "default y; to be taken away only under EXPERT",
  MSDOS_PARTITION: "default y where PARTITION_ADVANCED is off",
  ...brought(
    "default y of 6.18's Kconfig where EXPERT is off",
    "XZ_DEC_X86 XZ_DEC_POWERPC XZ_DEC_ARM XZ_DEC_ARMTHUMB XZ_DEC_SPARC",
  ),
  XZ_DEC: "selected by SQUASHFS_XZ",
  LZO_COMPRESS: "selected by BTRFS_FS",
  LZO_DECOMPRESS: "selected by SQUASHFS_LZO",
  LZ4_DECOMPRESS: "selected by SQUASHFS_LZ4",
  ZSTD_DECOMPRESS: "selected by SQUASHFS_ZSTD",
  ZSTD_COMPRESS: "selected by BTRFS_FS",
  NF_NAT_MASQUERADE: "selected by NFT_MASQ",
  ...brought("selected by NFS_FS and NFSD", "SUNRPC LOCKD LOCKD_V4 EXPORTFS"),
  SUNRPC_GSS: "selected by NFS_V4",
  PCI_HOST_COMMON: "selected by PCI_HOST_GENERIC",
  SERIO_LIBPS2: "selected by KEYBOARD_ATKBD",
};

/** Where we differ, and why. `ARCHITECTURE:OPTION` is for one of them alone. */
export const DIFFERENT: Readonly<Record<string, string>> = {
  "arm64:PTP_1588_CLOCK_VMCLOCK":
    "6.18.3 finds the VM's clock by ACPI only; Firecracker's arm64 machines have a device tree",
  "arm64:ACPI": "no VMM that this image is for describes an arm64 machine by ACPI",
  "arm64:EFI": "nothing of it without ACPI: the image is loaded by the VMM, not by firmware",
  SERIO_GSCPS2: "the keyboard controller of HP's PA-RISC machines; Firecracker's list has it by mistake",
  BLK_MQ_PCI: "no longer an option: 6.18 has its code with BLK_DEV and PCI",
  RANDOM_TRUST_CPU: "no longer an option: 6.18 trusts the CPU unless the command line says otherwise",
  SQUASHFS_COMPILE_DECOMP_MULTI_PERCPU: "SQUASHFS_CHOICE_DECOMP_BY_MOUNT has all three, and the mount chooses",
  SQUASHFS_DECOMP_MULTI: "no longer asked for by name: SQUASHFS_CHOICE_DECOMP_BY_MOUNT",
  SQUASHFS_DECOMP_MULTI_PERCPU: "no longer asked for by name: SQUASHFS_CHOICE_DECOMP_BY_MOUNT",
  XZ_DEC_MICROLZMA: "for EROFS, which no image here is",
  XZ_DEC_IA64: "no longer an option of 6.18",
  LZ4_COMPRESS: "a library that nothing here compresses with",
  IP_NF_TARGET_MASQUERADE: "only an older name that selects NETFILTER_XT_TARGET_MASQUERADE, which is there",
  NFT_CHAIN_NAT: "no longer an option: part of NFT_NAT",
  NFSD_V3: "no longer an option: part of NFSD",
};

function brought(why: string, names: string): Record<string, string> {
  return Object.fromEntries(words(names).map((name) => [name, why]));
}
