/** The two machine images that the account can launch, and what an instance type's name says of its architecture. */

export interface Image {
  readonly id: string;
  readonly architecture: "arm64" | "x86_64";
  readonly rootDeviceName: string;
  readonly rootGiB: number;
  readonly snapshotId: string;
  readonly name: string;
}

const SERIES = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04";

export const IMAGES = {
  arm64: {
    id: "ami-0d4a5b6c7e8f90123",
    architecture: "arm64",
    rootDeviceName: "/dev/sda1",
    rootGiB: 8,
    snapshotId: "snap-0b1a2c3d4e5f60718",
    name: `${SERIES}-arm64-server-20261015`,
  },
  x86_64: {
    id: "ami-0e1f2a3b4c5d60789",
    architecture: "x86_64",
    rootDeviceName: "/dev/sda1",
    rootGiB: 8,
    snapshotId: "snap-0c9d8e7f6a5b40312",
    name: `${SERIES}-amd64-server-20261015`,
  },
} as const satisfies Record<string, Image>;

export function imageOf(id: string): Image | undefined {
  return Object.values(IMAGES).find((image) => image.id === id);
}

/** Graviton families have a `g` after their generation (t4g, c7gd). */
export function architectureOf(instanceType: string): "arm64" | "x86_64" {
  return /^[a-z]+\d+g/.test(instanceType) ? "arm64" : "x86_64";
}
