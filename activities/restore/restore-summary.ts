import type { RestorePlan, RestoreRoute } from '../../contract/backup/restore-api.ts'
import { asideName, replacedName } from '../../planning/restore/restore-names.ts'
import type { RestoreOutline } from '../../planning/restore/restore-plan.ts'
import { restoredLater } from '../../planning/restore/restore-steps.ts'

/** Sentences and lists that go through workflows are bounded. */
const MOST = 20

export interface RestoreSummary {
  backup: RestorePlan['backup']
  /** Labels and records that are read: what the lease names. */
  chain: string[]
  tables: number
  partitions: number
  bytes?: number
  notRestored: { object: string; reason: string }[]
  /** Where everything is when it has been assembled, and when it has been published. */
  whereAssembled: string[]
  wherePublished: string[]
  /** When all but the overwriting of partitions was published, where there is any. */
  whereOverwriting?: string[]
  /** Something gets its live name. */
  published: boolean
}

export function summarize(outline: RestoreOutline): RestoreSummary {
  const { record, tables } = outline
  const used = new Set(tables.flatMap(({ parts }) => parts.map(({ label }) => label)))
  for (const { label } of outline.objects) if (label !== undefined) used.add(label)
  let partitions = 0
  let bytes = 0
  let sized = false
  for (const { table, only } of tables) {
    const chosen = only && new Set(only)
    for (const [name, partition] of Object.entries(table.partitions)) {
      if (chosen && !chosen.has(name)) continue
      partitions++
      if (partition.bytes !== undefined) sized = true
      bytes += partition.bytes ?? 0
    }
  }
  return {
    backup: {
      id: record.id,
      finishedAt: record.finishedAt,
      cluster: record.cluster,
      database: record.database,
      kind: record.kind,
    },
    chain: record.labels.flatMap(({ label }, at) => (used.has(at) ? [label] : [])),
    tables: tables.length,
    partitions,
    ...(sized ? { bytes } : {}),
    notRestored: bounded(outline.notRestored, (more) => ({ object: `${more} more`, reason: 'see the plan' })),
    whereAssembled: [...sentences(outline, assembled), ...notYetMade(outline)],
    wherePublished: sentences(outline, published),
    ...(tables.some(({ route }) => route === 'overwrite-partitions')
      ? { whereOverwriting: sentences(outline, overwriting) }
      : {}),
    published: isPublished(outline),
  }
}

function isPublished({ tables, objects, spec }: RestoreOutline): boolean {
  if (tables.some(({ route }) => route === 'in-place' || route === 'direct')) return true
  return spec.publish !== 'never' && (objects.length > 0 || tables.some(({ route }) => route !== 'leave'))
}

function notYetMade(outline: RestoreOutline): string[] {
  const later = restoredLater(outline).map(({ target }) => target)
  return later.length === 0 ? [] : [`${brief(later, 'objects')}: made when it is published`]
}

function sentences(
  outline: RestoreOutline,
  tell: (outline: RestoreOutline, route: RestoreRoute, names: string) => string,
): string[] {
  const byRoute = new Map<RestoreRoute, string[]>()
  for (const { route, target, as } of outline.tables)
    byRoute.set(route, [...(byRoute.get(route) ?? []), route === 'leave' ? as : target])
  return [...byRoute].map(([route, names]) => tell(outline, route, brief(names)))
}

function assembled({ database, scratch, basis, tables }: RestoreOutline, route: RestoreRoute, names: string): string {
  const aside = () => asideOf({ database, basis, tables }, route)
  switch (route) {
    case 'direct':
      return `${names}: restored as ${database}.*, where nothing was before`
    case 'rename':
    case 'rebackup':
      return `${names}: restored beside the free name as ${aside()}; nothing in ${database} has the name yet`
    case 'swap':
    case 'rebackup-swap': {
      return `${names}: restored beside as ${aside()}; live and untouched in ${database}, and what is written there until it is replaced stays with the replaced one`
    }
    case 'in-place':
      return `${names}: restored over the live tables of ${database}`
    case 'rename-database':
      return `${names}: restored in database ${scratch}${basis.databaseExisted ? `; ${database} is live and untouched` : ''}`
    case 'overwrite-partitions':
      return `${names}: partitions restored in database ${scratch}; the live tables of ${database} are untouched`
    case 'leave':
      return `${names}: restored in database ${scratch}, where they stay`
  }
}

/** The tables of a route, beside their live names. */
function asideOf(
  { database, basis, tables }: Pick<RestoreOutline, 'database' | 'basis' | 'tables'>,
  route: RestoreRoute,
): string {
  const same = tables.filter((table) => table.route === route)
  return `${database}.${asideName(same[0]?.target ?? '', basis.hash)}${same.length > 1 ? ' and alike' : ''}`
}

function overwriting(outline: RestoreOutline, route: RestoreRoute, names: string): string {
  const { database, scratch } = outline
  switch (route) {
    case 'swap':
    case 'rebackup-swap':
      return `${names}: restored, under the live names in ${database}; what was replaced is beside as ${asideOf(outline, route)}`
    case 'overwrite-partitions':
      return `${names}: partitions restored in database ${scratch}, to overwrite those of the live tables of ${database}`
    default:
      return published(outline, route, names)
  }
}

function published({ database, scratch, basis, spec }: RestoreOutline, route: RestoreRoute, names: string): string {
  const kept = (example: string) =>
    spec.replaced === 'keep'
      ? `; what was replaced stays as ${example}`
      : '; what was replaced is in the recycle bin for a day'
  switch (route) {
    case 'swap':
    case 'rebackup-swap':
      return `${names}: restored, under the live names in ${database}${kept(`*${replacedName('', basis.hash)}`)}`
    case 'rename-database':
      return `${names}: restored as database ${database}${basis.databaseExisted ? kept(replacedName(database, basis.hash)) : ''}`
    case 'overwrite-partitions':
      return `${names}: partitions of the live tables of ${database} overwritten`
    case 'leave':
      return `${names}: restored in database ${scratch}, where they stay; drop it when it is no longer needed`
    default:
      return `${names}: restored in ${database}`
  }
}

const brief = (names: readonly string[], what = 'tables') =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more ${what}` : names.join(', ')

export function bounded<T>(all: readonly T[], rest: (more: number) => T, most = MOST): T[] {
  return all.length <= most ? [...all] : [...all.slice(0, most - 1), rest(all.length - most + 1)]
}
