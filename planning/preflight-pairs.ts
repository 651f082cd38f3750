import type { Finding } from '../contract/findings.ts'
import type { Version } from '../starrocks/version.ts'

export interface ClusterKind {
  /** The name in the configuration. */
  name: string
  version: Version
  runMode: 'shared_nothing' | 'shared_data'
}

/** Whether tables can be replicated from one cluster into another at all. Versions that print no number count as newest. */
export function checkPair(source: ClusterKind, target: ClusterKind): Finding[] {
  const findings: Finding[] = []
  const add = (finding: Finding) => findings.push(finding)

  for (const side of [source, target]) {
    if (side.version.known) continue
    add({
      code: 'version-unreadable',
      level: 'info',
      subject: side.name,
      message: `${side.name} says its version is '${side.version.text}'; it is taken for the newest`,
    })
  }
  if (!atLeast(source.version, 2, 5)) {
    add({
      code: 'source-version-too-old',
      level: 'warning',
      subject: source.name,
      message: `${source.name} runs ${source.version.text}; nobody has tried replication from versions before 2.5`,
      remedy: 'Try with one table first, or upgrade the source',
    })
  }
  if (!atLeast(target.version, 3, 1, 8) || (atLeast(target.version, 3, 2) && !atLeast(target.version, 3, 2, 3))) {
    add({
      code: 'target-version-too-old',
      level: 'fatal',
      subject: target.name,
      message: `${target.name} runs ${target.version.text}, which cannot replicate tables from another cluster`,
      remedy: 'Upgrade the target to 3.1.8, 3.2.3 or later',
    })
  }
  if (source.runMode === 'shared_data' && target.runMode === 'shared_nothing') {
    add({
      code: 'pair-unsupported',
      level: 'fatal',
      subject: `${source.name} → ${target.name}`,
      message: `${source.name} is a shared-data cluster and ${target.name} a shared-nothing one; StarRocks cannot replicate in this direction`,
      remedy: 'Use a shared-data target of 4.1 or later, or copy by export and load',
    })
  } else if (source.runMode === 'shared_data' && !atLeast(target.version, 4, 1)) {
    add({
      code: 'pair-unsupported',
      level: 'fatal',
      subject: `${source.name} → ${target.name}`,
      message: `${source.name} is a shared-data cluster; only shared-data targets from 4.1 on can replicate from one, and ${target.name} runs ${target.version.text}`,
      remedy: 'Upgrade the target to 4.1 or later',
    })
  }
  return findings
}

const LINE = 1_000_000

/** Whether a version is `major.minor[.patch]` or newer. */
export function atLeast(version: Pick<Version, 'major' | 'minor' | 'patch'>, major: number, minor: number, patch = 0) {
  const line = version.major * LINE + version.minor - (major * LINE + minor)
  return line > 0 || (line === 0 && version.patch >= patch) || version.major === Number.POSITIVE_INFINITY
}
