import { own } from '../../planning/backup/changes.ts'
import { replacedName } from '../../planning/restore/restore-names.ts'
import type { PlannedObject } from '../../planning/restore/restore-plan.ts'
import {
  type MaterializedView,
  type ObjectName,
  orderByDependency,
  readMaterializedView,
  readView,
  type View,
  writeMaterializedView,
  writeView,
} from '../../starrocks/ddl/index.ts'
import { quoteName, quoteQualified, StarRocksError, showCreate } from '../../starrocks/index.ts'
import { facts } from '../pollers/facts.ts'
import { kindOf, readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'

interface ViewToMake {
  planned: PlannedObject
  object: ObjectName
  query: string
  model: { kind: 'view'; view: View } | { kind: 'materializedView'; view: MaterializedView }
}

/**
 * Makes views and materialized views by their recorded definitions, with the names that things have now; what they read comes first. A view that exists
 * and differs is replaced, its former definition being kept as a view of its own unless it is to be dropped. Can be repeated. What is refused is
 * told and stops nothing: the tables are there already.
 */
export async function makeViews(context: RestoreContext, objects: readonly PlannedObject[]): Promise<void> {
  const { cluster, outline, basis, spec, signal } = context
  const { record, database, choice } = outline
  const { version, runMode } = await facts(cluster).capabilities()
  const targets = new Map(choice.objects.map((object) => [object.name, object.target]))
  const rename = (name: ObjectName): ObjectName =>
    name.database === record.database && (targets.has(name.name) || choice.whole)
      ? { database, name: targets.get(name.name) ?? name.name }
      : name
  const all: ViewToMake[] = []
  for (const planned of objects) {
    const ddl = own<{ ddl: string }>(
      planned.kind === 'view' ? record.views : record.materializedViews,
      planned.name,
    )?.ddl
    if (!ddl) continue
    try {
      const object = { database: record.database, name: planned.name }
      if (planned.kind === 'view') {
        const view = readView(ddl)
        all.push({ planned, object, query: view.query, model: { kind: 'view', view } })
      } else {
        const view = readMaterializedView(ddl)
        all.push({ planned, object, query: view.query, model: { kind: 'materializedView', view } })
      }
    } catch (error) {
      context.warn(`The definition of ${planned.name} cannot be read (${reason(error)}): ${ddl.slice(0, 500)}`)
    }
  }
  for (const { planned, object, model } of orderByDependency(all)) {
    const options = { target: { version, runMode }, source: object, rename }
    const write = (unknownProperties?: ReadonlySet<string>) =>
      model.kind === 'view'
        ? writeView(model.view, options).statement
        : writeMaterializedView(model.view, {
            ...options,
            unknownProperties,
            placement: { replicationNum: cappedReplication(context, model.view) },
          }).statement
    try {
      const existing = (await readDatabase(cluster, database, signal))?.objects.get(planned.target)
      if (existing && kindOf(existing) !== 'view') {
        if (kindOf(existing) === 'materializedView' && planned.kind === 'materializedView') continue
        context.warn(
          `${database}.${planned.target} is there and is no view: left as it is. Its definition: ${write().slice(0, 500)}`,
        )
        continue
      }
      if (existing) await replaceView(planned.target, write())
      else await create(write)
    } catch (error) {
      if (!(error instanceof StarRocksError) || error.kind === 'Unreachable' || error.kind === 'NotLeader') throw error
      context.warn(
        `${planned.kind === 'view' ? 'View' : 'Materialized view'} ${planned.target} could not be made: ${error.message}`,
      )
    }
  }

  async function create(write: (unknown?: ReadonlySet<string>) => string): Promise<void> {
    const unknown = new Set<string>()
    for (;;) {
      try {
        return await cluster.execute(write(unknown), { signal })
      } catch (error) {
        if (!(error instanceof StarRocksError)) throw error
        if (error.kind === 'AlreadyExists') return
        const fresh = error.kind === 'UnknownProperties' ? error.names.filter((name) => !unknown.has(name)) : []
        if (fresh.length === 0) throw error
        for (const name of fresh) unknown.add(name)
      }
    }
  }

  async function replaceView(name: string, statement: string): Promise<void> {
    const present = await showCreate(cluster, database, name, { signal })
    // As SHOW CREATE VIEW prints it, without the database.
    const plain = statement.replace(/^CREATE VIEW `(?:[^`]|``)*`\./, 'CREATE VIEW ')
    const wanted = readView(plain)
    if (readView(present.text).query === wanted.query) return
    const old = replacedName(name, basis.hash)
    if (spec.replaced === 'keep') {
      const written = writeView(readView(present.text), {
        target: { version, runMode },
        source: { database, name },
        rename: (from) => (from.database === database && from.name === name ? { database, name: old } : from),
      })
      await create(() => written.statement)
    }
    const names = readView(plain)
      .columns.map((column) => quoteName(column.name))
      .join(', ')
    const columns = names === '' ? '' : ` (${names})`
    const query = statement.slice(statement.indexOf('\nAS ') + 1)
    await cluster.execute(`ALTER VIEW ${quoteQualified(database, name)}${columns} ${query}`, { signal })
  }
}

function cappedReplication({ spec, basis }: RestoreContext, view: MaterializedView): number | undefined {
  const wanted = spec.replicationNumber ?? Number(view.properties.replication_num ?? Number.NaN)
  if (!Number.isInteger(wanted)) return undefined
  return Math.min(wanted, Math.max(1, basis.backends))
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error))
