/** Every service that the simulated account has: a new one is one line here. */

import type { CpuBook } from "./cloudwatch/cpu.ts";
import { cloudwatchService } from "./cloudwatch/service.ts";
import { ec2Service } from "./ec2/service.ts";
import type { CredentialBook, Service } from "./service.ts";
import { stsService } from "./sts/service.ts";
import type { World } from "./world.ts";

export function services(world: World, credentials: CredentialBook, cpu: CpuBook): Service[] {
  return [ec2Service(world), stsService(world, credentials), cloudwatchService(world, cpu)];
}
