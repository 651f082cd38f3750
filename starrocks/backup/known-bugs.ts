import type { Version } from '../version.ts'
import { bugs } from './known-bugs-data.ts'
import { type Line, since } from './since.ts'

export interface KnownBackupBug {
  id: string
  concerns: 'backup' | 'restore' | 'repository'
  /** `danger`: data may be lost or wrong, or nodes crash. `failure`: jobs fail or never end. `nuisance`: the rest. */
  severity: 'danger' | 'failure' | 'nuisance'
  what: string
  advice: string
  /** StarRocks' own number of it; none for what was seen on frontends. */
  reference?: string
  /** First affected release of each line; all older lines than the first are free of it. Left out: it has always been there. */
  from?: readonly Line[]
  /** First release of each line without it; empty: none so far. */
  fixed: readonly Line[]
}

export interface BackupBugFinding extends KnownBackupBug {
  /** False where the build does not tell its patch level, or nobody wrote down which patch has the fix. */
  certain: boolean
}

/** The bugs of BACKUP and RESTORE that a version has, or may have; the worst first. */
export function knownBackupBugs(version: Version): BackupBugFinding[] {
  const found = bugs.flatMap((bug): BackupBugFinding[] => {
    const begun = bug.from ? since(version, bug.from) : true
    const ended = since(version, bug.fixed)
    if (begun === false || ended === true) return []
    return [{ ...bug, certain: begun === true && ended === false }]
  })
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

const order = ['danger', 'failure', 'nuisance']
