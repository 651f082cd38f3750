import type { Finding } from '../../../contract/findings.ts'
import { fatal, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { StorageError } from '../../../repository/index.ts'
import type { ClusterFacts } from '../cluster-facts.ts'
import { unlessRefused } from '../unless-refused.ts'
import { configured } from './repository.ts'

/** More than this between two clocks makes “as of” and retention wrong by as much. */
const SKEW_MS = 120_000

const WITHOUT: Record<ClusterFacts['of'], string> = {
  backup:
    'Backups are then full ones without a record: nothing is incremental, verified or counted, nothing is deleted by retention, no companion file is saved; each can be restored by its label',
  restore: 'Then single snapshots can be restored by their label only, and nothing is compared with a record',
}

/** Whether this worker reaches the storage by itself, and whose clock differs. Everything but what needs that works without. */
export async function checkStore(context: ClusterFacts): Promise<Finding[]> {
  const handle = configured(context)
  if ('code' in handle) return []
  const { of, spec, deps, signal } = context
  try {
    await handle.open(signal)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    if (error.kind === 'NotFound') {
      return [
        fatal(
          'store-elsewhere',
          spec.repository,
          `The worker finds no repository ${spec.repository} at ${handle.location}: ${error.message}`,
          'Create it on a cluster first; if it is there, `access` of the configuration leads elsewhere',
        ),
      ]
    }
    return [
      warning(
        'store-unreachable',
        spec.repository,
        `The worker cannot read the storage of repository ${spec.repository}: ${error.message}`,
        `${WITHOUT[of]}. Check \`access\` of the repository in the worker's starferry.yaml`,
      ),
    ]
  }
  const here = deps.clock.now()
  const theirs = await handle
    .store()
    .now({ signal })
    .catch((error: unknown) => {
      if (error instanceof StorageError) return undefined
      throw error
    })
  return theirs === undefined ? [] : skewOf(`storage of ${spec.repository}`, theirs.getTime() - here)
}

/** The frontend's clock against ours: UNIX_TIMESTAMP() is computed by it alone. */
export async function checkClusterClock({ side, deps, spec, signal }: ClusterFacts): Promise<Finding[]> {
  const before = deps.clock.now()
  const answer = await side.cluster.query('SELECT unix_timestamp() AS t', { signal }).catch(unlessRefused)
  const after = deps.clock.now()
  const theirs = Number(answer?.rows[0]?.get('t') ?? Number.NaN) * 1000
  // Frontends without a living backend may answer no SELECT; that of itself is no finding.
  return Number.isFinite(theirs) ? skewOf(spec.cluster, theirs - (before + after) / 2) : []
}

function skewOf(whose: string, ms: number): Finding[] {
  if (Math.abs(ms) < SKEW_MS) return []
  const minutes = Math.round(Math.abs(ms) / 60_000)
  return [
    warning(
      'clock-difference',
      whose,
      `The clock of ${whose} is ${minutes} minutes ${ms > 0 ? 'ahead of' : 'behind'} that of the worker`,
      'Synchronise clocks: times of backups, “as of” and retention go by them',
    ),
  ]
}
