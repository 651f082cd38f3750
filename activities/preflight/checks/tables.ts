import type { Finding } from '../../../contract/index.ts'
import { checkSettings } from '../../../planning/preflight-settings.ts'
import { refusals, type Table } from '../../../starrocks/ddl/index.ts'
import { StarRocksError, showCreate } from '../../../starrocks/index.ts'
import { mapConcurrently } from '../../metadata/concurrency.ts'
import { isNotFound } from '../../metadata/failure.ts'
import type { InventoryEntry } from '../../metadata/inventory.ts'
import { isUnreadable, readModel } from '../../metadata/read-table.ts'
import { grant } from '../connect.ts'
import { type Check, numberOf, type PreflightContext } from '../context.ts'
import { aboutDefinitions, type Sums } from './definitions.ts'
import { kindOf } from './versions.ts'

/** Reads every selected table's definition: what cannot be copied is named, with the reason; and what the definitions ask of the target's settings. */
export const checkTables: Check = async (context) => {
  const { session, source, target } = context
  const sums: Sums = { narrowSums: 0, autoIncrement: [], generated: [], bundled: [] }
  const found = await mapConcurrently(context.tables, 4, (entry) => checkTable(context, entry, sums))
  return [
    ...externalTables(context),
    ...found.flat(),
    ...checkSettings(
      session.pair.spec,
      kindOf(source.side),
      kindOf(target.side),
      sums,
      (key) => target.settings.get(key)?.value,
    ),
    ...aboutDefinitions(context, sums),
  ]
}

async function checkTable(context: PreflightContext, entry: InventoryEntry, sums: Sums): Promise<Finding[]> {
  const { session, source, target, signal } = context
  const { pair } = session
  try {
    const { text } = await showCreate(source.side.cluster, entry.database, entry.name, { signal })
    const model = await readModel(source.side, entry, text, signal)
    add(sums, entry, model)
    const size = source.sizes.get(entry.full)
    const refused = refusals(model, {
      target: pair.writeFor,
      placement: pair.placement,
      partitionNames: size?.oddNames ?? [],
    }).map(
      (refusal): Finding => ({
        code: refusal.code,
        level: 'warning',
        subject: entry.full,
        message: `${entry.full} cannot be copied: ${refusal.reason}`,
        remedy: refusal.remedy,
      }),
    )
    return [
      ...refused,
      ...tableLimits(context, entry, model),
      ...replicas(entry, model, target, pair.placement.replicationNum),
    ]
  } catch (error) {
    if (isNotFound(error)) return []
    if (isUnreadable(error)) {
      return [
        {
          code: 'unreadable-definition',
          level: 'warning',
          subject: entry.full,
          message: `${entry.full} cannot be copied: its definition cannot be read: ${error.message}`,
          remedy: 'Exclude it and create it by hand',
        },
      ]
    }
    if (error instanceof StarRocksError && error.kind === 'Denied') {
      return [
        {
          code: 'privilege-missing',
          level: 'fatal',
          subject: entry.full,
          message: `${source.side.cluster.options.user} may not read ${entry.full} on ${source.side.name}: the privilege ${error.privilege ?? 'for it'} is missing`,
          remedy: grant(source.side.cluster.options.user, error.privilege),
        },
      ]
    }
    throw error
  }
}

function add(sums: Sums, entry: InventoryEntry, model: Table): void {
  if (model.columns.some((column) => column.aggregation === 'SUM' && isNarrowDecimal(column.type))) sums.narrowSums++
  if (model.columns.some((column) => column.autoIncrement)) sums.autoIncrement.push(entry.full)
  if (model.columns.some((column) => column.generated !== undefined)) sums.generated.push(entry.full)
  if (model.properties.file_bundling === 'true') sums.bundled.push(entry.full)
}

function isNarrowDecimal(type: Table['columns'][number]['type']): boolean {
  if (type.kind !== 'scalar' || !/^decimal/i.test(type.name)) return false
  return Number(type.parameters[0] ?? 38) < 38
}

function tableLimits({ source, target }: PreflightContext, entry: InventoryEntry, model: Table): Finding[] {
  const size = source.sizes.get(entry.full)
  if (!size) return []
  const findings: Finding[] = []
  const over = (key: string, actual: number, what: string) => {
    const limit = numberOf(target.settings, key)
    if (limit === undefined || limit <= 0 || actual <= limit) return
    findings.push({
      code: `limit-${what}`,
      level: 'warning',
      subject: entry.full,
      message: `${entry.full} has ${actual} ${what}, more than ${key} = ${limit} of ${target.side.name} allows`,
      remedy: `Raise ${key} on the target`,
    })
  }
  const automatic = model.partitioning.kind.startsWith('automatic')
  over(
    automatic && target.settings.has('max_automatic_partition_number')
      ? 'max_automatic_partition_number'
      : 'max_partition_number_per_table',
    size.partitions,
    'partitions',
  )
  over('max_bucket_number_per_partition', size.mostBuckets, 'buckets')
  return findings
}

function replicas(
  entry: InventoryEntry,
  model: Table,
  target: PreflightContext['target'],
  placed: number | undefined,
): Finding[] {
  const wanted = placed ?? Number(model.properties.replication_num ?? 1)
  const alive = target.nodes.filter((node) => node.alive && !node.decommissioned).length
  if (target.side.runMode === 'shared_data' || wanted <= alive || alive === 0) return []
  return [
    {
      code: 'too-few-backends',
      level: 'warning',
      subject: entry.full,
      message: `${entry.full} wants ${wanted} replicas, and ${target.side.name} has ${alive} living backends: it cannot be created`,
      remedy: `Set placement.replicationNumber to ${alive} or less, or add backends`,
    },
  ]
}

function externalTables({ session }: PreflightContext): Finding[] {
  return [...session.source.of('external table')]
    .filter((entry) => session.pair.selection.includes(entry.database, entry.name))
    .map((entry) => ({
      code: 'external-table',
      level: 'warning' as const,
      subject: entry.full,
      message: `${entry.full} cannot be copied: it is an external table (${entry.type})`,
      remedy: 'Create it by hand on the target, or exclude it',
    }))
}
