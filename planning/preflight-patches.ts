import type { Finding } from '../contract/findings.ts'
import { atLeast, type ClusterKind } from './preflight-pairs.ts'

interface KnownBug {
  code: string
  level: Finding['level']
  /** StarRocks' pull request that repairs it. */
  pull: number
  side: 'source' | 'target'
  runMode?: ClusterKind['runMode']
  /** First line that has it; unset: every line before the fix. */
  since?: readonly [number, number, number]
  /** First good patch of each line that got the fix; lines in between without one are bad, lines after the last are good. */
  fixed: readonly (readonly [number, number, number])[]
  effect: string
  /** What helps beside an upgrade. */
  meanwhile?: string
}

/** Errors of StarRocks that lose or spoil data, or crash nodes, while tables are replicated. */
const KNOWN_BUGS: readonly KnownBug[] = [
  {
    code: 'bug-delete-predicates-crash',
    level: 'warning',
    pull: 54081,
    side: 'target',
    fixed: [
      [3, 1, 17],
      [3, 3, 8],
      [3, 4, 0],
    ],
    effect: 'backends can crash when a table that had rows removed by DELETE is read after its replication',
    meanwhile: 'Run SET GLOBAL enable_filter_unused_columns_in_scan_stage=false on the target until then',
  },
  {
    code: 'bug-partition-drop-crash',
    level: 'warning',
    pull: 54061,
    side: 'target',
    fixed: [
      [3, 1, 17],
      [3, 3, 8],
      [3, 4, 0],
    ],
    effect: 'follower frontends can crash when a partition is dropped while its replication commits',
    meanwhile: 'Do not drop partitions on the target by hand while the migration runs',
  },
  {
    code: 'bug-max-version-lock',
    level: 'warning',
    pull: 62238,
    side: 'target',
    fixed: [
      [3, 3, 18],
      [3, 4, 8],
    ],
    effect: 'a version can be read while it changes, so that an incremental copy can miss a part',
    meanwhile: 'Compare counts after the migration',
  },
  {
    code: 'bug-wrong-data-version',
    level: 'warning',
    pull: 58513,
    side: 'source',
    since: [3, 3, 2],
    fixed: [[3, 3, 14]],
    effect: 'the data version can be wrong while loads and tablet clones go on',
    meanwhile: 'Pause balancing on the source (tablet_sched_disable_balance) or compare counts afterwards',
  },
  {
    code: 'bug-publish-stuck',
    level: 'warning',
    pull: 62663,
    side: 'target',
    runMode: 'shared_data',
    fixed: [[3, 3, 19]],
    effect: 'a replication can stay committed and never become visible when a compaction is published with it',
    meanwhile: 'Leave settings.targetCompaction at auto, or set it to off',
  },
  {
    code: 'bug-concurrent-load',
    level: 'info',
    pull: 68223,
    side: 'target',
    fixed: [[3, 5, 13]],
    effect: 'a load into a target table during its replication can leave it inconsistent instead of being refused',
    meanwhile: 'Load nothing into the copied tables until cutover',
  },
  {
    code: 'target-patch-not-recommended',
    level: 'warning',
    pull: 46068,
    side: 'target',
    fixed: [
      [3, 1, 17],
      [3, 2, 13],
      [3, 3, 8],
      [3, 4, 0],
    ],
    effect:
      'several crashes of backends during replication (partial updates, primary keys, generated columns) are repaired only later',
  },
]

/** Findings for errors of StarRocks that one of the two clusters still has. */
export function checkPatches(source: ClusterKind, target: ClusterKind): Finding[] {
  return [...unknownPatches(source, target), ...knownBugs(source, target)]
}

/** Builds that do not say their patch level: errors repaired within their line may or may not be there. */
function unknownPatches(...clusters: ClusterKind[]): Finding[] {
  return clusters
    .filter(({ version }) => version.known && version.patch === Number.POSITIVE_INFINITY)
    .map(({ name, version }) => ({
      code: 'patch-level-unknown',
      level: 'info',
      subject: name,
      message: `${name} does not say its patch level (${version.text}); it is taken for the newest of its line`,
    }))
}

function knownBugs(source: ClusterKind, target: ClusterKind): Finding[] {
  return KNOWN_BUGS.flatMap((bug) => {
    const cluster = bug.side === 'source' ? source : target
    if (bug.runMode && bug.runMode !== cluster.runMode) return []
    if (!cluster.version.known || !hasBug(bug, cluster.version)) return []
    const fix = fixFor(bug, cluster.version)
    const upgrade = `Upgrade ${cluster.name} to ${fix.join('.')} or later`
    return [
      {
        code: bug.code,
        level: bug.level,
        subject: cluster.name,
        message: `${cluster.name} runs ${cluster.version.text}, in which ${bug.effect} (StarRocks pull request ${bug.pull})`,
        remedy: bug.meanwhile ? `${upgrade}. ${bug.meanwhile}` : upgrade,
      },
    ]
  })
}

type Numbers = ClusterKind['version']

function hasBug(bug: KnownBug, version: Numbers): boolean {
  if (bug.since && !atLeast(version, ...bug.since)) return false
  const ofLine = bug.fixed.find(([major, minor]) => major === version.major && minor === version.minor)
  if (ofLine) return !atLeast(version, ...ofLine)
  const last = bug.fixed[bug.fixed.length - 1]
  return last !== undefined && !atLeast(version, last[0], last[1])
}

/** The fix of the version's own line, else of the next line that has one. */
function fixFor(bug: KnownBug, version: Numbers): readonly [number, number, number] {
  const later = bug.fixed.find(([major, minor, patch]) => !atLeast(version, major, minor, patch))
  return later ?? bug.fixed[bug.fixed.length - 1] ?? [0, 0, 0]
}
