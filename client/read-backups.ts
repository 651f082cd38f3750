import type { BackupsInput, BackupsPage } from '../contract/backup/repository-api.ts'
import { withBackups } from './backup-context.ts'
import type { TemporalOptions } from './connection.ts'
import { io } from './io.ts'

/** What a repository holds: asked of a worker, or with `direct` read from here, for when Temporal or the worker is lost. All pages as one. */
export async function readBackups(
  options: TemporalOptions & { direct?: boolean },
  input: BackupsInput,
): Promise<BackupsPage> {
  if (!options.direct) return withBackups(options, (backups) => backups.allBackups(input))
  const { openDirect } = await import('../workers/direct.ts')
  const direct = await openDirect({ config: options.config, env: io().env })
  try {
    const first = await direct.backups(input)
    while (first.next !== undefined) {
      const more = await direct.backups({ ...input, after: first.next })
      first.rows.push(...more.rows)
      first.next = more.next
    }
    return first
  } finally {
    await direct.close()
  }
}
