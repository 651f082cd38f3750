import type { LabDatabase, LabMaterializedView, LabState } from '../model.ts'
import type { LabSession, LabSqlContext } from './context.ts'
import type { Query, Relation } from './expression.ts'
import { parseViewQuery } from './parse-view-query.ts'
import { databaseName } from './resolve.ts'

const relationsOf = (body: Query['body']): Relation[] => {
  if (body.kind === 'union') return [...relationsOf(body.left), ...relationsOf(body.right)]
  return body.from ? [body.from] : []
}

/** Ids of the tables and materialized views that a query reads, those under views too. */
export const baseIdsOf = (context: LabSqlContext, session: LabSession, query: Query): bigint[] => {
  const found = new Set<bigint>()
  const walkQuery = (one: Query, within: LabSession): void => {
    const local = new Set(one.with.map((cte) => cte.name.toLowerCase()))
    for (const cte of one.with) walkQuery(cte.query, within)
    for (const relation of relationsOf(one.body)) walk(relation, within, local)
  }
  const walk = (relation: Relation, within: LabSession, local: ReadonlySet<string>): void => {
    if (relation.kind === 'subquery') {
      walkQuery(relation.query, within)
      return
    }
    if (relation.kind === 'join') {
      walk(relation.left, within, local)
      walk(relation.right, within, local)
      return
    }
    if (relation.database === undefined && local.has(relation.name.toLowerCase())) return
    const database = context.state.databases.get(databaseName(within, relation))
    const object = database?.objects.get(relation.name)
    if (!database || !object) return
    found.add(object.id)
    if (object.kind === 'view')
      walkQuery(parseViewQuery(object.definition, context.profile.version), { ...within, database: database.name })
  }
  walkQuery(query, session)
  return [...found]
}

function* viewsOf(state: LabState): Generator<{ database: LabDatabase; view: LabMaterializedView }> {
  for (const database of state.databases.values())
    for (const object of database.objects.values())
      if (object.kind === 'materialized-view') yield { database, view: object }
}

/**
 * Switches off the materialized views that read an object, for a reason such as `base-table swapped: t`, and those that read them.
 * Before 3.5 a view also listens to what it read before it was activated again.
 */
export const deactivateReaders = (state: LabState, id: bigint, reason: string): void => {
  const forgets = state.version === '3.5' || state.version === '4.1'
  for (const { view } of viewsOf(state)) {
    if (!view.baseIds.includes(id) && (forgets || !view.formerBaseIds.includes(id))) continue
    if (view.active) {
      view.active = false
      view.inactiveReason = reason
    }
    deactivateReaders(state, view.id, `base-mv inactive: ${view.name}`)
  }
}
