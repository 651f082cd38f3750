import type { Finding } from '../../../contract/findings.ts'
import { info, someOf, unlessScheduled, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { isMaterializedView } from '../../../starrocks/index.ts'
import { type BackupCheck, type BackupContext, namesWhere } from '../backup-context.ts'

/** What among the chosen objects StarRocks will refuse, pass over, or only keep as a statement. */
export const checkObjects: BackupCheck = (context) => {
  const { features, side, spec, settings, databases, wanted, scheduled } = context
  const { text } = side.version
  const findings: Finding[] = []
  const external = namesWhere(context, ({ type }) => !NATIVE.has(type) && !isMaterializedView(type))
  findings.push(...ofTables(context, 'external-table', external, 'have no data in StarRocks', 'info'))

  if (features.listPartitions !== true) {
    const lists = namesWhere(context, ({ type, partitionType }) => type === 'OLAP' && partitionType === 'LIST')
    const refuses = features.listPartitions === false ? 'refuses' : 'refuses in its earlier patches'
    findings.push(
      ...ofTables(context, 'list-partitions', lists, `have list partitions, which ${text} ${refuses}`, 'warning'),
    )
  }

  const restoring = namesWhere(context, ({ state }) => state === 'RESTORE')
  if (restoring.length > 0) {
    findings.push(
      warning(
        'table-in-restore',
        spec.cluster,
        `Tables are being restored: ${someOf(restoring)}`,
        'What is backed up of them is what the restore leaves when the backup begins; it waits for the job',
      ),
    )
  }

  const views = namesWhere(context, ({ type }) => type === 'VIEW')
  if (views.length > 0 && spec.objects.views && !features.views) {
    findings.push(
      info(
        'views-as-ddl',
        spec.cluster,
        `StarRocks ${text} cannot back up views; ${views.length} are in the companion file only`,
      ),
    )
  }
  if (!features.functions && databases.some(({ name }) => wanted.functions(name))) {
    const make = Array.isArray(spec.objects.functions) ? unlessScheduled(scheduled) : info
    findings.push(
      make(
        'functions-left-out',
        spec.cluster,
        `StarRocks ${text} cannot back up functions; they are in the companion file only`,
      ),
    )
  }

  const materialized = namesWhere(context, ({ type }) => isMaterializedView(type))
  if (materialized.length > 0 && spec.objects.materializedViews === 'data') {
    if (features.materializedViews === false) {
      findings.push(
        info(
          'materialized-views-as-ddl',
          spec.cluster,
          `StarRocks ${text} cannot back up materialized views; ${materialized.length} are in the companion file only`,
        ),
      )
    } else if (features.materializedViewSetting && settings.get(features.materializedViewSetting)?.value !== 'true') {
      findings.push(
        info(
          'materialized-view-setting',
          spec.cluster,
          `${features.materializedViewSetting} is off: BACKUP of a whole database passes over its materialized views; starferry names each of ${materialized.length}, so they are in the backup`,
        ),
      )
    }
  }
  return findings
}

const NATIVE: ReadonlySet<string> = new Set(['OLAP', 'CLOUD_NATIVE', 'VIEW'])

/** Those that a pattern brought along are left out and told; those that were named were meant. */
export function ofTables(
  { spec, wanted, scheduled }: BackupContext,
  code: 'external-table' | 'list-partitions' | 'full-text-index',
  tables: readonly string[],
  why: string,
  otherwise: 'info' | 'warning',
): Finding[] {
  const meant = new Set(wanted.named.tables.map(({ database, table }) => `${database}.${table}`))
  const named = tables.filter((table) => meant.has(table))
  const others = tables.filter((table) => !meant.has(table))
  const remedy = 'Leave them out; what is left out is listed in the report of each backup'
  return [
    ...(named.length === 0 ? [] : [unlessScheduled(scheduled)(code, spec.cluster, `${someOf(named)} ${why}`, remedy)]),
    ...(others.length === 0
      ? []
      : [
          (otherwise === 'info' ? info : warning)(
            code,
            spec.cluster,
            `Left out where StarRocks refuses them: ${others.length} tables ${why}: ${someOf(others)}`,
            'Exclude them, so that it is not told again each time',
          ),
        ]),
  ]
}
