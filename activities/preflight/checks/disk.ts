import { formatBytes } from '../../../contract/bytes.ts'
import type { Check, PreflightContext } from '../context.ts'

/** Bytes to copy, all replicas, against the room on the target's disks below the spec's threshold. Shared-data targets show no room. */
export const checkDisk: Check = (context) => {
  const { session, target } = context
  if (target.side.runMode === 'shared_data') return []
  const alive = target.backends.filter((backend) => backend.alive && backend.totalBytes)
  if (alive.length === 0) return []
  const { diskPercent } = session.pair.spec.limits
  const needed = spaceNeeded(context)
  const room = (percent: number) =>
    alive.reduce((sum, backend) => {
      const total = Number(backend.totalBytes ?? 0n)
      const used = total - Number(backend.availableBytes ?? 0n)
      return sum + Math.max(0, (total * percent) / 100 - used)
    }, 0)
  const full = alive.filter((backend) => (backend.maxDiskUsedPercent ?? 0) > diskPercent)
  const findings = full.map((backend) => ({
    code: 'disk-full',
    level: 'warning' as const,
    subject: `${target.side.name} ${backend.host}`,
    message: `A disk of ${backend.host} is ${backend.maxDiskUsedPercent} % full; no job starts above ${diskPercent} %`,
    remedy: 'Free space there, or raise limits.diskPercent',
  }))
  if (needed <= room(diskPercent)) return findings
  const tooSmall = needed > room(100)
  return [
    ...findings,
    {
      code: tooSmall ? 'disk-too-small' : 'disk-headroom',
      level: tooSmall ? ('fatal' as const) : ('warning' as const),
      subject: target.side.name,
      message: `About ${formatBytes(needed)} are to be copied, replicas included; ${target.side.name} has ${formatBytes(room(100))} free, ${formatBytes(room(diskPercent))} of it below ${diskPercent} %`,
      remedy: 'Add backends or disks, use a smaller placement.replicationNumber, or copy less',
    },
  ]
}

/** What the copies lack, times the replicas that they will have. */
export function spaceNeeded({ session, source, target, tables }: PreflightContext): number {
  const replicas = session.pair.spec.placement.replicationNumber
  let sum = 0
  for (const entry of tables) {
    const here = source.sizes.get(entry.full)
    if (!here) continue
    const name = session.pair.rename(entry)
    const there = target.sizes.get(`${name.database}.${name.name}`)?.bytes ?? 0n
    const lacking = here.bytes > there ? Number(here.bytes - there) : 0
    sum += lacking * (replicas ?? replicasOf(here.replicas, here.mostBuckets, here.partitions, entry.indexCount))
  }
  return sum
}

/** The replication number, from the count of replicas where buckets are alike; one at least. */
function replicasOf(replicas: number, buckets: number, partitions: number, indexes: number): number {
  const tablets = buckets * partitions * Math.max(1, indexes)
  return tablets === 0 ? 1 : Math.max(1, Math.ceil(replicas / tablets))
}
