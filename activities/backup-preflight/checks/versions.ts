import type { Finding } from '../../../contract/findings.ts'
import { info, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { knownBackupBugs } from '../../../starrocks/index.ts'
import type { ClusterFacts } from '../cluster-facts.ts'

/** Bugs that cannot harm what starferry does, or that a check of their own finds where they matter. */
const HANDLED: ReadonlySet<string> = new Set([
  // Labels are unique by construction.
  'same-label-at-once',
  // Never done.
  'cancel-in-committing',
  // Compared, and prepared.
  'list-values-kept',
  // Refused: `restore-name-clash`.
  'view-of-the-name',
  // Such jobs are cancelled and repeated under a new label.
  'pending-after-restart',
  'manifest-after-leader-change',
  // Each has a check.
  'catalogs',
  'full-text-index',
  'dead-replicas',
  'one-upload-thread',
  'restored-tables-dropped',
  // Attempts are counted.
  'memory-of-cancelled-backups',
  // Tables with several physical partitions are taken whole and restored as new ones.
  'random-distribution',
])

/** Bugs of this version in what is going to be done. Those that it has for certain are warnings unless they only annoy. */
export function checkVersions({ side, of, frontends, backends, spec }: ClusterFacts): Finding[] {
  const bugs = knownBackupBugs(side.version)
    .filter(({ id, concerns }) => !HANDLED.has(id) && (concerns === of || concerns === 'repository'))
    .map((bug): Finding => {
      const has = bug.certain ? 'has' : 'may have'
      const known = bug.reference ? ` (${bug.reference})` : ''
      const make = bug.certain && bug.severity !== 'nuisance' ? warning : info
      return make(
        'known-bug',
        spec.cluster,
        `StarRocks ${side.version.text} ${has} this bug: ${bug.what}${known}`,
        bug.advice,
      )
    })
  return [...bugs, ...mixed(spec.cluster, frontends, backends)]
}

function mixed(cluster: string, frontends: ClusterFacts['frontends'], backends: ClusterFacts['backends']): Finding[] {
  const different = (texts: readonly string[]) => [...new Set(texts.filter((text) => text !== ''))]
  const ofFrontends = different(frontends.filter(({ alive }) => alive).map(({ version }) => version.text))
  const ofBackends = different(backends.filter(({ alive }) => alive).map(({ version }) => version))
  return [['frontends', ofFrontends] as const, ['backends', ofBackends] as const].flatMap(([what, versions]) =>
    versions.length < 2
      ? []
      : [
          warning(
            'mixed-versions',
            cluster,
            `The ${what} of ${cluster} run ${versions.slice(0, 4).join(' and ')}`,
            'Finish the upgrade first: what one version writes an older one may not read',
          ),
        ],
  )
}
