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
  /** Lines of which it is not known in which patch they got the fix. There it is a hint. */
  unknown?: { since: readonly [number, number, number]; before?: readonly [number, number, number] }
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
    unknown: { since: [3, 4, 0] },
    effect: 'a replication can stay committed and never become visible when a compaction is published with it',
    meanwhile: 'Set settings.targetCompaction to off; auto leaves compaction on from 3.3.11 and 3.4.1 on',
  },
  {
    code: 'bug-replica-snapshots-differ',
    level: 'warning',
    pull: 54790,
    side: 'source',
    fixed: [[3, 5, 0]],
    unknown: { since: [0, 0, 0], before: [3, 5, 0] },
    effect: 'replicas of a tablet can make snapshots of different versions',
    meanwhile: 'Compare counts after the migration',
  },
  {
    code: 'bug-restored-data-version',
    level: 'warning',
    pull: 70373,
    side: 'source',
    since: [3, 3, 2],
    fixed: [[3, 5, 15]],
    unknown: { since: [4, 0, 0] },
    effect: 'a tablet that was restored keeps a wrong data version',
    meanwhile: 'Compare counts of tables that were restored on the source',
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
    if (!cluster.version.known) return []
    const verdict = hasBug(bug, cluster.version)
    if (verdict === 'no') return []
    if (verdict === 'unknown') return [unproven(bug, cluster)]
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

/** Which patch repaired it in this line is not known: told, and told as that. */
function unproven(bug: KnownBug, cluster: ClusterKind): Finding {
  return {
    code: bug.code,
    level: 'info',
    subject: cluster.name,
    message: `${cluster.name} runs ${cluster.version.text}; it is not known whether that has the repair of StarRocks pull request ${bug.pull}, without which ${bug.effect}`,
    remedy: [`Look for ${bug.pull} in the release notes of your line`, bug.meanwhile].filter(Boolean).join('. '),
  }
}

function hasBug(bug: KnownBug, version: Numbers): 'yes' | 'no' | 'unknown' {
  if (bug.since && !atLeast(version, ...bug.since)) return 'no'
  const ofLine = bug.fixed.find(([major, minor]) => major === version.major && minor === version.minor)
  if (ofLine) return atLeast(version, ...ofLine) ? 'no' : 'yes'
  const { unknown } = bug
  if (unknown && atLeast(version, ...unknown.since) && !(unknown.before && atLeast(version, ...unknown.before))) {
    return 'unknown'
  }
  const last = bug.fixed[bug.fixed.length - 1]
  return last !== undefined && !atLeast(version, last[0], last[1]) ? 'yes' : 'no'
}

/** The fix of the version's own line, else of the next line that has one. */
function fixFor(bug: KnownBug, version: Numbers): readonly [number, number, number] {
  const later = bug.fixed.find(([major, minor, patch]) => !atLeast(version, major, minor, patch))
  return later ?? bug.fixed[bug.fixed.length - 1] ?? [0, 0, 0]
}
