import type { LabRunMode, LabVersion } from '../../lab/index.ts'
import { LabCluster } from '../../lab/index.ts'
import { compareEntry, type IdMap, type RecordedEntry } from './compare.ts'

export interface RecordedGroup {
  name: string
  /** Frontend settings that differ from the lab's and cannot be set by a statement. */
  settings?: Record<string, string>
  entries: RecordedEntry[]
  /** What was recorded and is not compared: how many statements, for each reason. */
  leftOut: Record<string, number>
}

export interface Recording {
  /** Lists of column names, each joined by `|`. */
  columns: string[]
  groups: RecordedGroup[]
}

export interface GroupReport {
  name: string
  agreed: number
  differences: { statement: string; difference: string }[]
}

/** Runs the statements of a group in their order on a fresh cluster of the lab. */
export const runGroup = async (
  version: LabVersion,
  runMode: LabRunMode,
  columns: string[],
  group: RecordedGroup,
): Promise<GroupReport> => {
  const lab = await LabCluster.start({ name: `conformance-${group.name}`, version, runMode })
  const report: GroupReport = { name: group.name, agreed: 0, differences: [] }
  try {
    const creates = group.entries.some((entry) => entry.s.startsWith("CREATE USER 'nopriv'"))
    if (!creates) lab.state.users.set('nopriv', { name: 'nopriv', password: '', privileges: new Set() })
    for (const [key, value] of Object.entries(group.settings ?? {})) {
      const setting = lab.state.config.get(key)
      if (setting) setting.value = value
    }
    // The recorded backends answered no queries.
    lab.faults.inject({ kind: 'no-backend-queries' })
    const ids: IdMap = new Map()
    for (const entry of group.entries) {
      const difference = compareEntry(lab, entry, columns, ids)
      acknowledgeEveryTablet(lab, entry.s)
      if (difference === undefined) report.agreed++
      else report.differences.push({ statement: entry.s, difference })
    }
  } finally {
    await lab.stop()
  }
  return report
}

/**
 * The recorded backends held no rows and acknowledged every tablet of a table, so that each load moved every partition; the lab moves, as real
 * backends do, those that got rows. A partition that was never loaded is invisible to plans, so it is moved here as it was there.
 */
const acknowledgeEveryTablet = (lab: LabCluster, sql: string): void => {
  const target = /^INSERT (?:INTO|OVERWRITE) `?([\w-]+)`?\.`?([^\s`(]+)`?/.exec(sql)
  const table = lab.state.databases.get(target?.[1] ?? '')?.objects.get(target?.[2] ?? '')
  if (table?.kind !== 'table') return
  for (const partition of table.partitions) {
    for (const physical of partition.physical) {
      if (physical.visibleVersion > 1n) continue
      physical.visibleVersion = 2n
      physical.dataVersion = 2n
      physical.committedVersion = 2n
    }
  }
}
