import { formatBytes } from '../../contract/bytes.ts'
import type { DoctorResult, Finding } from '../../contract/index.ts'
import { settingsToChange } from '../../planning/preflight-settings.ts'
import { checkAddresses } from './checks/addresses.ts'
import { checkCollisions } from './checks/collisions.ts'
import { checkDisk } from './checks/disk.ts'
import { checkLimits } from './checks/limits.ts'
import { checkLineage } from './checks/lineage.ts'
import { checkNodes } from './checks/nodes.ts'
import { checkNotMigrated } from './checks/not-migrated.ts'
import { checkOtherMigrations } from './checks/other-migrations.ts'
import { checkPrivileges } from './checks/privileges.ts'
import { checkQuotas } from './checks/quotas.ts'
import { checkSelection } from './checks/selection.ts'
import { checkSharedDataSource } from './checks/shared-data-source.ts'
import { checkStorageVolumes } from './checks/storage-volumes.ts'
import { checkTables } from './checks/tables.ts'
import { checkSourceToken } from './checks/token.ts'
import { checkVersions } from './checks/versions.ts'
import type { Check, PreflightContext } from './context.ts'

const CHECKS: readonly Check[] = [
  checkVersions,
  checkNodes,
  checkAddresses,
  checkSourceToken,
  checkPrivileges,
  checkSelection,
  checkOtherMigrations,
  checkSharedDataSource,
  checkStorageVolumes,
  checkLimits,
  checkDisk,
  checkCollisions,
  checkLineage,
  checkTables,
  checkNotMigrated,
  checkQuotas,
]

/** Findings listed at most; the rest is counted. */
const MOST = 200

const ORDER: Record<Finding['level'], number> = { fatal: 0, warning: 1, info: 2 }

/** Runs all checks side by side. */
export async function runChecks(context: PreflightContext): Promise<Finding[]> {
  const found = await Promise.all(CHECKS.map((check) => check(context)))
  return found.flat()
}

/** The worst first, bounded. */
export function resultOf(findings: readonly Finding[], facts: Record<string, string>): DoctorResult {
  const sorted = [...findings].sort((a, b) => ORDER[a.level] - ORDER[b.level])
  return {
    ok: !sorted.some((finding) => finding.level === 'fatal'),
    findings: sorted.slice(0, MOST),
    more: Math.max(0, sorted.length - MOST),
    settings: settingsToChange(findings),
    facts,
  }
}

/** Short facts of both clusters and of what is to be copied. */
export function factsOf({ source, target, tables }: PreflightContext): Record<string, string> {
  const bytes = [...source.sizes.values()].reduce((sum, size) => sum + Number(size.bytes), 0)
  const partitions = [...source.sizes.values()].reduce((sum, size) => sum + size.partitions, 0)
  const about = ({ side, nodes }: PreflightContext['source']) =>
    `${side.version.text}, ${side.runMode.replace('_', '-')}, ${nodes.filter((node) => node.alive).length} of ${nodes.length} nodes alive`
  return {
    [`source ${source.side.name}`]: about(source),
    [`target ${target.side.name}`]: about(target),
    tables: String(tables.length),
    partitions: String(partitions),
    data: formatBytes(bytes),
  }
}
