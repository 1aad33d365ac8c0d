/** Files that a kernel is made of, by folder: for a build whose lines look as the real one's. */

const BUILT_IN: Readonly<Record<string, string>> = {
  "arch/arm64/kernel":
    "alternative cpu_errata cpuinfo debug-monitors entry-common fpsimd hw_breakpoint idle irq perf_regs process ptrace setup signal smp stacktrace syscall time topology traps vdso",
  "arch/arm64/kvm":
    "arm arch_timer at config debug emulate-nested fpsimd guest handle_exit hypercalls mmu psci reset sys_regs",
  "arch/arm64/mm": "cache-maint context dma-mapping extable fault fixmap init ioremap mmap mmu pageattr",
  block:
    "bdev bio blk-core blk-flush blk-merge blk-mq blk-mq-sched blk-settings blk-sysfs elevator genhd ioctl mq-deadline",
  crypto: "aead ahash algapi api cipher cryptomgr drbg gcm hash_info hmac rng sha256 skcipher xts zstd",
  "drivers/base": "bus class core cpu dd devres driver firmware init map platform property syscore topology",
  "drivers/block": "loop virtio_blk zram",
  "drivers/char": "hw_random_core mem misc random virtio_console",
  "drivers/net": "loopback veth virtio_net",
  "drivers/nvme/host": "core fabrics hwmon ioctl pci sysfs trace",
  "drivers/virtio": "virtio virtio_balloon virtio_mmio virtio_ring",
  fs: "aio anon_inodes attr binfmt_elf buffer char_dev coredump d_path dcache direct-io eventfd eventpoll exec fcntl file filesystems inode ioctl libfs locks mount namei namespace open pipe read_write readdir select seq_file splice stat super sync userfaultfd xattr",
  "fs/btrfs":
    "backref block-group compression ctree delayed-inode delayed-ref dev-replace dir-item disk-io extent-tree extent_io file free-space-cache inode ioctl ordered-data qgroup raid56 relocation scrub send super transaction tree-log volumes zoned zstd",
  "fs/ext4":
    "balloc dir ext4_jbd2 extents extents_status file hash ialloc indirect inline inode ioctl mballoc namei resize super xattr",
  "fs/fuse": "control dev dir file inode readdir virtio_fs xattr",
  "fs/overlayfs": "copy_up dir export file inode namei readdir super util xattrs",
  "fs/squashfs": "block cache dir file fragment id inode lz4_wrapper super xz_wrapper zstd_wrapper",
  ipc: "mqueue msg msgutil namespace sem shm syscall util",
  kernel:
    "acct async audit capability cpu cred dma exit fork futex groups kthread module nsproxy panic params pid ptrace reboot resource seccomp signal smp softirq stop_machine sys sysctl taskstats torture user workqueue",
  "kernel/sched": "build_policy build_utility clock core deadline fair idle loadavg rt wait",
  "kernel/time":
    "alarmtimer clocksource hrtimer itimer ntp posix-timers sched_clock tick-common time timekeeping timer",
  lib: "argv_split bitmap bsearch cpumask crc32 ctype debug_locks devres find_bit hexdump idr iov_iter kobject maple_tree radix-tree rbtree scatterlist sort string vsprintf xarray",
  mm: "compaction filemap gup hugetlb internal khugepaged ksm madvise memblock memcontrol memory migrate mlock mmap mprotect mremap oom_kill page-writeback page_alloc percpu readahead rmap shmem slub swap swapfile truncate util vmalloc vmscan workingset zswap",
  "net/core": "dev dst ethtool fib_rules filter flow_dissector gro neighbour rtnetlink skbuff sock stream",
  "net/ipv4":
    "af_inet arp devinet fib_frontend fib_trie icmp igmp inet_hashtables ip_input ip_output netfilter route tcp tcp_cubic tcp_input tcp_output udp",
  "net/netfilter": "nf_conntrack_core nf_nat_core nf_tables_api nft_chain_filter x_tables xt_MASQUERADE",
  "net/vmw_vsock": "af_vsock af_vsock_tap virtio_transport_common vsock_addr",
  security: "commoncap inode lsm_audit min_addr security",
};

const MODULES: Readonly<Record<string, string>> = {
  "drivers/net/ethernet/amazon/ena": "ena_com ena_ethtool ena_netdev",
  "fs/xfs": "xfs_aops xfs_buf xfs_file xfs_inode xfs_log xfs_mount xfs_super xfs_trans",
  "net/sched": "cls_bpf sch_fq sch_ingress",
  "net/wireguard": "allowedips cookie device main netlink noise peer queueing ratelimiter receive send socket timers",
};

const WARNINGS = [
  "1204:13 unused variable 'flags' [-Wunused-variable]",
  "388:9 'ret' may be used uninitialized [-Wmaybe-uninitialized]",
  "2071:21 this statement may fall through [-Wimplicit-fallthrough=]",
];

const listed = (folders: Readonly<Record<string, string>>): string[] =>
  Object.entries(folders).flatMap(([folder, names]) => names.split(" ").map((name) => `${folder}/${name}.c`));

/**
 * A tree of some 400 files for the demo: each takes its compiler between a half and four seconds, of which a machine of
 * many processors does as many at a time as it has; three of them warn.
 */
export function largeTree(): {
  readonly sources: ReadonlyMap<string, string>;
  readonly modules: readonly string[];
  readonly builtBefore: true;
} {
  const modules = listed(MODULES);
  const all = [...listed(BUILT_IN), ...modules];
  const every = Math.floor(all.length / WARNINGS.length);
  const sources = all.map((path, index): [string, string] => {
    const seconds = 0.5 + ((index * 37) % 36) / 10;
    const warning = index % every === 40 ? `#warns ${WARNINGS[Math.floor(index / every)]}\n` : "";
    return [path, `#takes ${seconds.toFixed(1)}\n${warning}int x${index};\n`];
  });
  return { sources: new Map(sources), modules, builtBefore: true };
}
