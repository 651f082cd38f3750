import type { RestoreStep } from '../../contract/backup/restore-api.ts'
import { asideName, jobTimeout, passageLabel, replacedName } from '../../planning/restore/restore-names.ts'
import type { RestoreOutline } from '../../planning/restore/restore-plan.ts'
import type { PartOfTable, RestorePlanStep } from '../../planning/restore/restore-steps.ts'
import { backupStatement } from '../../starrocks/backup/backup-statement.ts'
import type { RestoreObjects } from '../../starrocks/backup/objects.ts'
import { restoreStatement } from '../../starrocks/backup/restore-statement.ts'
import { quoteName, quoteQualified, type Version } from '../../starrocks/index.ts'
import type { OwnSnapshot } from './restore-context.ts'

type Step<K extends RestorePlanStep['kind']> = Extract<RestorePlanStep, { kind: K }>

/** The RESTORE of a step; the very text that is sent. */
export function writeRestore(outline: RestoreOutline, version: Version, step: Step<'restore'>): string {
  const { record, spec } = outline
  const snapshot = record.labels[step.label]
  if (!snapshot) throw new Error(`The backup has no snapshot ${step.label}`)
  const catalogs = step.objects.filter((object) => object.kind === 'catalog')
  const common = {
    label: snapshot.label,
    repository: spec.repository,
    timestamp: snapshot.timestamp,
    timeoutSeconds: jobTimeout(spec.timeout, outline.basis.hash),
  }
  if (catalogs.length > 0) {
    return restoreStatement(version, {
      ...common,
      objects: { kind: 'catalogs', names: catalogs.map(({ name, target }) => alias(name, target)) },
    })
  }
  return restoreStatement(version, {
    ...common,
    originDatabase: record.database,
    targetDatabase: step.database,
    replicationNum: step.replication,
    objects: restoreObjects(outline, step),
  })
}

function restoreObjects(outline: RestoreOutline, step: Step<'restore'>): RestoreObjects {
  const plain = step.parts.every(({ planned, part }) => planned.as === planned.name && part.partitions === undefined)
  // Nobody knows what all is in it: everything.
  if (outline.basis.bare && outline.choice.whole && plain) return { kind: 'database' }
  const of = (kind: string) =>
    step.objects.filter((object) => object.kind === kind).map(({ name, target }) => alias(name, target))
  return {
    kind: 'objects',
    tables: step.parts.map(restoreTable),
    materializedViews: of('materializedView'),
    views: of('view'),
    functions: of('function'),
  }
}

function restoreTable({ planned, part, first }: PartOfTable) {
  const { name, as } = planned
  return {
    name,
    ...(part.partitions ? { partitions: part.partitions } : {}),
    // Onto a table that exists StarRocks takes no alias, not even its own name's.
    ...(first && as !== name ? { as } : {}),
  }
}

const alias = (name: string, target: string) => (name === target ? { name } : { name, as: target })

/** The BACKUP by which assembled tables leave their database. */
export function writeOwnBackup(outline: RestoreOutline, version: Version, step: Step<'backup'>, label: string): string {
  return backupStatement(version, {
    database: outline.scratch,
    label,
    repository: outline.spec.repository,
    timeoutSeconds: outline.spec.timeout,
    objects: { kind: 'objects', tables: step.tables.map(({ as }) => ({ name: as })) },
  })
}

/** The RESTORE of what `writeOwnBackup` made. */
export function writeRestoreAgain(
  outline: RestoreOutline,
  version: Version,
  step: Step<'restore-again'>,
  snapshot: OwnSnapshot,
): string {
  return restoreStatement(version, {
    label: snapshot.label,
    repository: outline.spec.repository,
    timestamp: snapshot.timestamp,
    timeoutSeconds: jobTimeout(outline.spec.timeout, outline.basis.hash),
    originDatabase: outline.scratch,
    targetDatabase: outline.database,
    replicationNum: step.replication,
    objects: {
      kind: 'objects',
      tables: step.tables.map(({ as, again }) => alias(as, again?.as ?? as)),
    },
  })
}

export const swapStatement = (database: string, live: string, other: string) =>
  `ALTER TABLE ${quoteQualified(database, live)} SWAP WITH ${quoteName(other)}`

export const renameTableStatement = (database: string, from: string, to: string) =>
  `ALTER TABLE ${quoteQualified(database, from)} RENAME ${quoteName(to)}`

export const renameDatabaseStatement = (from: string, to: string) =>
  `ALTER DATABASE ${quoteName(from)} RENAME ${quoteName(to)}`

export const createDatabaseStatement = (name: string) => `CREATE DATABASE IF NOT EXISTS ${quoteName(name)}`

/** Not into the recycle bin: it is a copy of what lies in the repository. */
export const dropDatabaseStatement = (name: string) => `DROP DATABASE IF EXISTS ${quoteName(name)} FORCE`
export const dropCopyStatement = (database: string, table: string) =>
  `DROP TABLE IF EXISTS ${quoteQualified(database, table)} FORCE`

/** Into the recycle bin, from where RECOVER brings it back for a day. */
export const dropReplacedStatement = (database: string, table: string) =>
  `DROP TABLE IF EXISTS ${quoteQualified(database, table)}`

/** INSERT OVERWRITE of some partitions from where they were restored to; only the run knows its label. */
export function overwriteStatement(
  outline: RestoreOutline,
  planned: { target: string; as: string; only?: string[]; database: string },
  columns: readonly string[],
  label?: string,
): string {
  const labelled = label === undefined ? '' : ` WITH LABEL ${quoteName(label)}`
  const partitions = (planned.only ?? []).map(quoteName).join(', ')
  const list = columns.map(quoteName).join(', ')
  return `INSERT OVERWRITE ${quoteQualified(outline.database, planned.target)} PARTITION (${partitions})${labelled} (${list}) SELECT ${list} FROM ${quoteQualified(planned.database, planned.as)} PARTITION (${partitions})`
}

/** A step of the plan for people; the statements are those that are run, with names in the place of what only the run will tell. */
export function describeStep(outline: RestoreOutline, version: Version, step: RestorePlanStep): RestoreStep[] {
  const { basis, database, scratch, record, spec } = outline
  switch (step.kind) {
    case 'create-database':
      return [{ what: `make database ${step.database}`, statement: createDatabaseStatement(step.database) }]
    case 'clear':
      return step.tables.map((table) => ({
        what: `drop partitions of ${table.target} that were not there at the backup, or that StarRocks cannot restore over`,
        outage: `${table.target} is incomplete from here on`,
        final: true,
      }))
    case 'restore': {
      const snapshot = record.labels[step.label]
      const first = step.parts.filter((entry) => entry.addFirst)
      const inPlace = step.parts
        .filter((entry) => entry.planned.route === 'in-place')
        .map(({ planned }) => planned.target)
      const partly = step.parts.flatMap(({ planned, part }) =>
        planned.route === 'direct' && part !== planned.parts.at(-1) ? [planned.target] : [],
      )
      return [
        ...first.map(({ planned, part }) => ({
          what: `add to ${planned.as} the list partitions that are missing of ${part.names.slice(0, 5).join(', ')}${part.names.length > 5 ? ', …' : ''}`,
        })),
        {
          what: `restore ${count(step.parts.length + step.objects.length, 'object')} of ${snapshot?.label ?? ''} into ${step.database || 'the cluster'}`,
          statement: writeRestore(outline, version, step),
          ...(inPlace.length > 0
            ? { outage: `${brief(inPlace)}: neither read nor written until it is done`, final: true }
            : partly.length > 0
              ? { outage: `${brief(partly)}: there from here on, and not complete yet` }
              : {}),
        },
      ]
    }
    case 'create-tables':
      return step.tables.map((table) => ({
        what: `make ${table.database}.${table.as}, which had no partitions, by its definition`,
      }))
    case 'backup':
      return [
        {
          what: `back up ${count(step.tables.length, 'assembled table')} to move ${step.tables.length === 1 ? 'it' : 'them'} into ${database}`,
          statement: writeOwnBackup(outline, version, step, passageLabel(basis.hash, step.part, 1)),
        },
      ]
    case 'restore-again':
      return [
        {
          what: `restore ${step.tables.length === 1 ? 'it' : 'them'} into ${database}, beside the live names`,
          statement: writeRestoreAgain(outline, version, step, {
            part: step.part,
            label: passageLabel(basis.hash, step.part, 1),
            timestamp: '<of this snapshot>',
          }),
        },
      ]
    case 'verify':
      return [
        {
          what: `compare partitions, versions${spec.verify === 'counts' ? ' and rows' : ''} of ${count(step.tables.length, 'table')} with the backup’s record`,
        },
      ]
    case 'ask':
      return [
        {
          what:
            spec.publish === 'ask'
              ? 'wait until somebody publishes it'
              : 'look whether the names that are to be taken are free',
        },
      ]
    case 'swap':
      return step.tables.map((table) => ({
        what: `${table.target} and what was restored change names`,
        statement: swapStatement(database, table.target, asideName(table.target, basis.hash)),
        outage: table.outage,
      }))
    case 'rename-tables':
      return step.tables.map((table) => ({
        what: `what was restored gets the name ${table.target}, if it is still free`,
        statement: renameTableStatement(database, asideName(table.target, basis.hash), table.target),
      }))
    case 'rename-database':
      return [
        ...step.tables.map((table) => ({
          what: `rename ${table.as}`,
          statement: renameTableStatement(scratch, table.as, table.target),
        })),
        ...(basis.databaseExisted
          ? [
              {
                what: `put the present ${database} aside`,
                statement: renameDatabaseStatement(database, replacedName(database, basis.hash)),
                outage: `${database} does not exist until the next statement`,
              },
            ]
          : []),
        { what: `give the restored database its name`, statement: renameDatabaseStatement(scratch, database) },
      ]
    case 'overwrite':
      return step.tables.map((table) => ({
        what: `overwrite ${count(table.only?.length ?? 0, 'partition')} of ${table.target}`,
        statement: `INSERT OVERWRITE ${quoteQualified(database, table.target)} PARTITION (${(table.only ?? []).map(quoteName).join(', ')}) SELECT … FROM ${quoteQualified(table.database, table.as)}`,
        outage: table.outage,
        final: true,
      }))
    case 'replaced':
      return replacedSteps(outline, step)
    case 'tend':
      return [
        {
          what: `put right what RESTORE and SWAP leave behind on ${count(step.tables.length, 'table')}: grants, colocate group, storage medium, dynamic partitions`,
        },
      ]
    case 'views':
      return step.objects.map((object) => ({
        what: `make ${object.kind === 'view' ? 'view' : 'materialized view'} ${object.target} by its definition`,
      }))
    case 'materialized-views':
      return [{ what: `activate and refresh materialized views of ${database}` }]
    case 'drop-database':
      return [{ what: 'remove what was only needed meanwhile', statement: dropDatabaseStatement(scratch) }]
    case 'delete-snapshot':
      return [{ what: `delete the snapshots by which tables were moved from the repository` }]
  }
}

function replacedSteps(outline: RestoreOutline, step: Step<'replaced'>): RestoreStep[] {
  const { basis, database, spec } = outline
  if (step.tables.length === 0) {
    const old = replacedName(database, basis.hash)
    return spec.replaced === 'keep'
      ? [{ what: `the former database stays as ${old}` }]
      : [{ what: 'drop the former database', statement: `DROP DATABASE IF EXISTS ${quoteName(old)}` }]
  }
  return step.tables.map(({ target }) => {
    const old = asideName(target, basis.hash)
    return spec.replaced === 'keep'
      ? {
          what: `the former ${target} stays`,
          statement: renameTableStatement(database, old, replacedName(target, basis.hash)),
        }
      : { what: `drop the former ${target}`, statement: dropReplacedStatement(database, old) }
  })
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
const brief = (names: readonly string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
