import type { SnapshotExtent } from '../../contract/backup/record.ts'
import { formatBytes } from '../../contract/bytes.ts'

/** What a snapshot lacks of what it had when it was made; what came in addition is no loss. Manifests since 2024 name no files, so only this tells. */
export function lostObjects(now: SnapshotExtent, made: SnapshotExtent | undefined): string | undefined {
  if (!made || (now.objects >= made.objects && now.bytes >= made.bytes)) return undefined
  const bytes = made.bytes > now.bytes ? `, ${formatBytes(made.bytes - now.bytes)}` : ''
  const count = Math.max(0, made.objects - now.objects)
  return count > 0
    ? `${count} of its ${made.objects} objects${bytes} are missing`
    : `its objects are${bytes.slice(1)} smaller than they were`
}
