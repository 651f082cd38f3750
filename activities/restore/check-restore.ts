import type { BackupRecord } from '../../contract/backup/record.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import type { Finding } from '../../contract/findings.ts'
import { type ChosenObject, chooseObjects } from '../../planning/restore/choose-objects.ts'
import { packFlags } from '../../planning/restore/flags.ts'
import type { RestoreBasis } from '../../planning/restore/restore-basis.ts'
import { outlineRestore, type RestoreOutline } from '../../planning/restore/restore-plan.ts'
import { restoreSteps, stepCodes } from '../../planning/restore/restore-steps.ts'
import { isUnnamed } from '../../planning/restore/what-it-lacks.ts'
import { StorageError } from '../../repository/index.ts'
import { hasNewGrammar } from '../../starrocks/backup/grammar.ts'
import type { Table } from '../../starrocks/index.ts'
import { restoreFindings } from '../backup-preflight/restore-findings.ts'
import type { Dependencies } from '../dependencies.ts'
import { facts } from '../pollers/facts.ts'
import type { RepositoryOnCluster } from './attach-repository.ts'
import { readBareRecord } from './bare-record.ts'
import { checkChain } from './check-chain.ts'
import { checkInPlace } from './check-in-place.ts'
import { findBackup } from './find-backup.ts'
import { findRemains } from './find-remains.ts'
import { catalogNames, kindOf, type LiveDatabase, readDatabase } from './live-objects.ts'
import { repositoryOf } from './repository-of.ts'
import { refusedRestore } from './restore-failures.ts'

export interface FoundRestore {
  outline: RestoreOutline
  findings: Finding[]
  warnings: string[]
}

const fatal = (code: string, subject: string, message: string, remedy?: string): Finding => ({
  code,
  level: 'fatal',
  subject,
  message,
  ...(remedy ? { remedy } : {}),
})

/**
 * Finds the backup and looks at the target: what is there, and what the restore will be. Changes nothing. Errors: Refused when there is nothing to
 * restore; StorageError, StarRocksError.
 */
export async function lookBeforeRestore(
  deps: Dependencies,
  spec: RestoreSpec,
  hash: string,
  repository: RepositoryOnCluster,
  signal?: AbortSignal,
): Promise<FoundRestore> {
  const { cluster } = deps.cluster(spec.cluster)
  const findings: Finding[] = []
  const { version, runMode } = await facts(cluster).capabilities()
  if (runMode === 'shared_data') {
    findings.push(
      fatal(
        'restore-shared-data',
        spec.cluster,
        `${spec.cluster} is a shared-data cluster, which StarRocks cannot restore snapshots into`,
        'Restore into a shared-nothing cluster; shared-data clusters have cluster snapshots instead',
      ),
    )
  }
  const { record, bare, warnings } = await findRecord(deps, spec, signal)
  const choice = chooseObjects(record, spec)
  const live = choice.database === '' ? undefined : await readDatabase(cluster, choice.database, signal)
  const catalogs = record.catalogs.length > 0 ? await catalogNames(cluster, signal) : new Set<string>()
  const taken = choice.objects.map((object) => isTaken(object, live?.objects, catalogs))
  const backends = (await facts(cluster).backends()).filter(({ alive }) => alive).length
  const basis: RestoreBasis = {
    hash,
    backup: record.id,
    ...(bare ? { bare: { timestamp: record.labels[0]?.timestamp ?? '', database: record.database } } : {}),
    databaseExisted: live !== undefined,
    taken: packFlags(taken),
    backends,
    writable: repository.writable,
    attached: repository.attached,
    newGrammar: hasNewGrammar(version),
    asks: true,
    steps: '',
  }
  const outline = outlineRestore(record, spec, basis)
  const steps = restoreSteps(outline)
  const known = { ...outline, basis: { ...basis, steps: stepCodes(steps) } }
  findings.push(...outline.problems.map((problem) => fatal('restore-impossible', record.id, problem)))
  findings.push(...clashes(choice.objects, live?.objects, outline.database))
  findings.push(...(await checkChain(() => repositoryOf(deps, spec.repository), outline, signal)))
  findings.push(...(await checkInPlace(cluster, () => repositoryOf(deps, spec.repository), outline, signal)))
  findings.push(...(await restoreFindings(deps, spec, outline, live?.objects, signal)))
  const remains = await findRemains(deps, { ...spec, database: outline.database, objects: live?.objects }, signal)
  warnings.push(...remains)
  if (steps.length === 0) throw refusedRestore(nothingToDo(outline))
  return { outline: known, findings, warnings: [...warnings, ...(bare ? [NO_RECORD] : []), ...leftOut(outline, live)] }
}

/** What the backup does not hold: what of it stays as it is, and what the database that takes the place of the live one will not have. */
function leftOut(outline: RestoreOutline, live: LiveDatabase | undefined): string[] {
  const { record, database, spec } = outline
  return [
    ...(record.partial && isUnnamed(spec)
      ? [`The backup holds only a part of ${record.database}; nothing else of ${database} is touched`]
      : []),
    ...otherPartitions(outline),
    ...otherObjects(outline, live),
  ]
}

function otherPartitions({ choice, tables }: RestoreOutline): string[] {
  const named = new Set(choice.objects.flatMap(({ name, partitions }) => (partitions ? [name] : [])))
  return tables.flatMap(({ name, target, table, only, route }) => {
    if (!table.partial || named.has(name)) return []
    const others = !only
      ? `; ${target} has no others then`
      : route === 'leave'
        ? ''
        : `: these are restored into the live ${target}, whose others are not touched`
    return [`The backup holds only some partitions of ${name}${others}`]
  })
}

function otherObjects({ renames, choice, database, spec }: RestoreOutline, live: LiveDatabase | undefined): string[] {
  if (!renames || !live) return []
  const restored = new Set(choice.objects.map(({ target }) => target))
  const others = [...live.objects.keys()].filter((name) => !restored.has(name)).sort()
  if (others.length === 0) return []
  const where = spec.replaced === 'drop' ? 'they will be dropped with it' : 'they stay in the database that is replaced'
  const more = others.length > 10 ? ` and ${others.length - 10} more` : ''
  return [`${database} has what the backup does not hold, and ${where}: ${others.slice(0, 10).join(', ')}${more}`]
}

const NO_RECORD =
  'This snapshot has no record of starferry: partitions, versions and rows cannot be compared, and dynamic partitions are not switched off before they may drop what is old'

async function findRecord(
  deps: Dependencies,
  spec: RestoreSpec,
  _signal?: AbortSignal,
): Promise<{ record: BackupRecord; bare: boolean; warnings: string[] }> {
  const { cluster } = deps.cluster(spec.cluster)
  const warnings: string[] = []
  try {
    const found = await findBackup(await repositoryOf(deps, spec.repository), spec)
    warnings.push(...found.warnings)
    if (found.record) return { record: found.record, bare: false, warnings }
  } catch (error) {
    // Any other failure says nothing of the record: without it an increment would be taken for all that there was.
    const noWay = error instanceof StorageError && error.kind === 'Unsupported'
    if (!noWay || spec.from.label === undefined) throw error
    warnings.push(
      `The repository cannot be read from here: ${error.message}. Of a backup in several snapshots this is one alone`,
    )
  }
  const label = spec.from.label ?? ''
  const record = await readBareRecord(cluster, spec.repository, label)
  if (spec.from.database !== undefined && record.database !== spec.from.database) {
    throw refusedRestore(`Snapshot ${label} is of database ${record.database}, not of ${spec.from.database}`)
  }
  return { record, bare: true, warnings }
}

function isTaken(
  object: ChosenObject,
  live: ReadonlyMap<string, Table> | undefined,
  catalogs: ReadonlySet<string>,
): boolean {
  if (object.kind === 'catalog') return catalogs.has(object.target)
  // Functions do not share the space of names of tables; RESTORE leaves those that exist.
  return object.kind !== 'function' && live?.has(object.target) === true
}

/** What has the name of a table and is none: a view hangs the RESTORE, and with it the jobs of the whole cluster. */
function clashes(
  objects: readonly ChosenObject[],
  live: ReadonlyMap<string, Table> | undefined,
  database: string,
): Finding[] {
  return objects.flatMap((object) => {
    const present = live?.get(object.target)
    if (!present || object.kind === 'catalog' || object.kind === 'function') return []
    const kind = kindOf(present)
    if (kind === object.kind) return []
    const words = {
      table: 'table',
      view: 'view',
      materializedView: 'materialized view',
      other: 'table of another engine',
    }
    return [
      fatal(
        'restore-name-clash',
        `${database}.${object.target}`,
        `${database} has a ${words[kind]} called ${object.target}, and the backup a ${words[object.kind]} of that name`,
        'Drop or rename it, or give another name; StarRocks would hang over it together with every other job',
      ),
    ]
  })
}

function nothingToDo({ notRestored, problems, record }: RestoreOutline): string {
  const reasons = [...problems, ...notRestored.map(({ object, reason }) => `${object}: ${reason}`)].slice(0, 5)
  return `Nothing of backup ${record.id} is to be restored${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`
}
