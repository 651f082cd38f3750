import type { LabResourceGroup } from '../model.ts'
import { done, type LabCell, type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { failure } from './errors.ts'
import { onSystem } from './has-privilege.ts'
import { parsePropertyList } from './parse-clauses.ts'
import { demand } from './privileges.ts'

/** CREATE RESOURCE GROUP [IF NOT EXISTS] g [TO (…), …] WITH (…); the three words read. */
export const createResourceGroup = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { state } = context
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const name = cursor.identifier()
  const classifiers: LabResourceGroup['classifiers'] = []
  if (cursor.accept('TO')) {
    cursor.separated(() => {
      const start = cursor.token.start
      let depth = 0
      do {
        if (cursor.at('(')) depth++
        if (cursor.at(')')) depth--
        if (cursor.token.kind === 'end') throw cursor.unexpected("')'")
        cursor.next()
      } while (depth > 0)
      classifiers.push({ id: state.nextId(), text: cursor.textSince(start).slice(1, -1) })
    })
  }
  cursor.expect('WITH')
  const properties = new Map(parsePropertyList(cursor))
  cursor.end()
  demand(session, ['CREATE RESOURCE GROUP'], 'SYSTEM', onSystem)
  if (state.resourceGroups.has(name)) {
    if (ifNotExists) return done()
    throw failure(`RESOURCE_GROUP(${name}) already exists`)
  }
  state.resourceGroups.set(name, { id: state.nextId(), name, properties, classifiers })
  return done()
}

/** DROP RESOURCE GROUP; the three words read. */
export const dropResourceGroup = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const ifExists = cursor.accept('IF', 'EXISTS')
  const name = cursor.identifier()
  cursor.end()
  demand(session, ['DROP'], `RESOURCE GROUP ${name}`)
  if (!context.state.resourceGroups.delete(name) && !ifExists) throw failure(`RESOURCE_GROUP(${name}) does not exist`)
  return done()
}

const columns = {
  '3.1': ['name', 'id', 'cpu_core_limit', 'mem_limit', 'max_cpu_cores'],
  '3.5': ['name', 'id', 'cpu_weight', 'exclusive_cpu_cores', 'mem_limit'],
  '4.1': ['name', 'id', 'cpu_weight_percent', 'exclusive_cpu_percent', 'mem_limit'],
}
const limits = [
  'big_query_cpu_second_limit',
  'big_query_scan_rows_limit',
  'big_query_mem_limit',
  'concurrency_limit',
  'spill_mem_limit_threshold',
]

/** SHOW RESOURCE GROUPS [ALL] and SHOW RESOURCE GROUP g: one line for every classifier. */
export const showResourceGroups = (context: LabSqlContext, name: string | undefined): LabResult => {
  const { version } = context.profile
  const old = version === '3.1' || version === '3.3'
  const late = version === '4.1'
  const names = [
    ...columns[old ? '3.1' : late ? '4.1' : '3.5'],
    ...limits,
    ...(old ? ['type'] : []),
    'classifiers',
    ...(late ? ['warehouses'] : []),
  ]
  const line = (group: LabResourceGroup, classifiers: string): LabCell[] =>
    names.map((column) => {
      if (column === 'name') return group.name
      if (column === 'id') return String(group.id)
      if (column === 'classifiers') return classifiers
      const given = group.properties.get(column)
      if (given !== undefined) return given
      if (column === 'type') return 'NORMAL'
      if (column === 'warehouses') return ''
      return column === 'spill_mem_limit_threshold' ? '100%' : '0'
    })
  const groups = [...context.state.resourceGroups.values()].filter((g) => name === undefined || g.name === name)
  return table(
    names,
    groups.flatMap((group) =>
      group.classifiers.length === 0
        ? [line(group, '(weight=0.0)')]
        : group.classifiers.map((one) => line(group, `(id=${one.id}, weight=1.0, ${one.text})`)),
    ),
  )
}
