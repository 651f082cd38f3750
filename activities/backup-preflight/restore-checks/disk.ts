import { formatBytes } from '../../../contract/bytes.ts'
import type { Finding } from '../../../contract/findings.ts'
import { bytesNeeded } from '../../../planning/backup-preflight/disk-need.ts'
import { fatal, warning } from '../../../planning/backup-preflight/make-finding.ts'
import type { RestoreOutline } from '../../../planning/restore/restore-plan.ts'
import type { ClusterFacts } from '../cluster-facts.ts'

/** Backends take nothing more beyond this. */
const FULL = 95
/** Beyond this there is little left for loads and compactions. */
const COMFORTABLE = 85

/** Bytes to restore, all replicas and copies, against the room on the backends' disks. */
export function checkRoom(
  { backends, spec }: ClusterFacts,
  { tables, basis }: RestoreOutline,
  wanted?: number,
): Finding[] {
  const alive = backends.filter((backend) => backend.alive && !backend.decommissioned && backend.totalBytes)
  if (alive.length === 0) return []
  const replicas = (recorded: number | undefined) => Math.min(wanted ?? recorded ?? 3, Math.max(1, basis.backends))
  const needed = bytesNeeded(tables, replicas)
  if (needed === undefined) return []
  const room = (percent: number) =>
    alive.reduce((sum, { totalBytes, availableBytes }) => {
      const total = Number(totalBytes ?? 0n)
      return sum + Math.max(0, (total * percent) / 100 - (total - Number(availableBytes ?? 0n)))
    }, 0)
  if (needed <= room(COMFORTABLE)) return []
  const text = `About ${formatBytes(needed)} come onto the disks of ${spec.cluster}, replicas and scratch copies included; below ${FULL} % there are ${formatBytes(room(FULL))}`
  return needed > room(FULL)
    ? [
        fatal(
          'disk-too-small',
          spec.cluster,
          text,
          'Restore less at once, give a smaller replicationNumber, add disks, or drop what is not needed (what is dropped stays on disk for a day)',
        ),
      ]
    : [warning('disk-headroom', spec.cluster, text, 'Disks will be nearly full: have an eye on them')]
}
