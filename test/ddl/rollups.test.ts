import { describe, expect, it } from 'vitest'
import {
  canonicalExpression,
  compareIndexes,
  definitionsOfIndexes,
  readTable,
  readTableIndexes,
  type TableIndex,
  writeAddRollups,
  writeSyncView,
  writeTable,
} from '../../starrocks/ddl/index.ts'
import { fixture, versionOf } from './fixtures.ts'

interface Shape {
  readonly Keys: string
  readonly cols: readonly (readonly [string, string, string, string, string])[]
}
interface Recording {
  readonly descAll: Readonly<
    Record<string, { columns: readonly string[]; rows: readonly (readonly (string | null)[])[] }>
  >
  readonly listed: Readonly<Record<string, readonly (readonly [string, string])[]>>
  readonly create: Readonly<Record<string, string>>
  readonly statements: readonly (readonly [string, boolean])[]
  readonly compared: readonly { table: string; source: Record<string, Shape>; target: Record<string, Shape> }[]
}
const recordings = fixture<Record<string, Recording>>('rollups')

function indexesOf(recording: Recording, table: string): TableIndex[] {
  const answer = recording.descAll[table]
  if (!answer) throw new Error(`no DESC of ${table}`)
  return readTableIndexes(
    answer.rows.map((row) => Object.fromEntries(answer.columns.map((column, at) => [column, row[at] ?? null]))),
  )
}

describe.each(Object.keys(recordings))('rollups and synchronous views of %s', (line) => {
  const recording = recordings[line]
  if (!recording) throw new Error('nothing recorded')
  const listed = recording.listed.mg_rs ?? []
  const tables = Object.keys(recording.descAll)
  const accepted = recording.statements.map(([statement]) =>
    canonicalExpression(statement.replaceAll('mg_rt.', 'mg_rs.')),
  )

  it.each(tables)('%s: every index is recognised, and made by a statement that the frontend took', (qualified) => {
    const table = qualified.split('.')[1] ?? ''
    const indexes = indexesOf(recording, qualified)
    const definitions = definitionsOfIndexes({ database: 'mg_rs', name: table }, indexes, listed)
    expect(definitions).toHaveLength(indexes.length - 1)
    for (const definition of definitions) {
      if (definition.kind === 'unknown') throw new Error(`${definition.name} is unknown`)
      const statement =
        definition.kind === 'rollup'
          ? writeAddRollups({ database: 'mg_rs', name: table }, [definition.rollup])
          : writeSyncView(definition.text, { source: { database: 'mg_rs', name: table } })
      expect(statement).toBeDefined()
      const isListed = listed.some(([, text]) => canonicalExpression(text) === canonicalExpression(statement ?? ''))
      if (definition.kind === 'sync-view') expect(isListed, statement).toBe(true)
      else if (definition.rollup.name !== 'in_create') expect(accepted).toContain(canonicalExpression(statement ?? ''))
    }
  })

  it('a rollup of the same name on another table is not taken for it', () => {
    const ours = [...listed, ['r2', 'CREATE MATERIALIZED VIEW r2 AS SELECT v2 FROM mg_rs.other'] as const]
    const found = definitionsOfIndexes({ database: 'mg_rs', name: 'ro' }, indexesOf(recording, 'mg_rs.ro'), ours).find(
      (one) => one.kind === 'rollup' && one.rollup.name === 'r2',
    )
    expect(found).toEqual({ kind: 'rollup', rollup: { name: 'r2', columns: ['v2', 'k2'] } })
    const none = definitionsOfIndexes({ database: 'mg_rs', name: 'ro' }, indexesOf(recording, 'mg_rs.ro'), [])
    expect(new Set(none.map((one) => one.kind))).toEqual(new Set(['unknown']))
  })

  it('a view that was typed as frontends make up the text of rollups, and has a condition, is no rollup', () => {
    const where = ['mv_where', "create materialized view mv_where as select k1,k2,v3 from ro where k3 = 'x'"] as const
    const ours = [...listed.filter(([name]) => name !== 'mv_where'), where]
    const found = definitionsOfIndexes({ database: 'mg_rs', name: 'ro' }, indexesOf(recording, 'mg_rs.ro'), ours)
    expect(found).toContainEqual({ kind: 'sync-view', name: 'mv_where', text: where[1] })
  })

  it('a synchronous view follows its table into another database', () => {
    const source = { database: 'mg_rs', name: 'odd' }
    const rename = () => ({ database: 'new db', name: 'o`dd' })
    const [, text] = listed.find(([name]) => name === 'mv odd') ?? []
    expect(writeSyncView(text ?? '', { source, rename })).toBe(
      'CREATE MATERIALIZED VIEW `new db`.`mv odd` AS SELECT `a b`, COUNT(`select`) FROM `new db`.`o``dd` GROUP BY `a b`',
    )
    expect(writeSyncView('create something else', { source, rename })).toBeUndefined()
  })

  it('source and target, index by index, are the same; a missing or other one is told', () => {
    for (const { table, source, target } of recording.compared) {
      const side = (shapes: Record<string, Shape>) => ({
        table,
        indexes: Object.entries(shapes).map(([name, { Keys, cols }]) => ({
          name,
          keysType: Keys.replace(/\(.*$/, ''),
          columns: cols.map(([column, type, nullable, key, extra]) => ({
            name: column,
            type,
            nullable: nullable === 'YES',
            key: key === 'true',
            extra,
          })),
        })),
      })
      expect(compareIndexes(side(source), side(target))).toEqual([])
      const [name] = Object.keys(target).filter((index) => index !== table)
      const without = Object.fromEntries(Object.entries(target).filter(([index]) => index !== name))
      expect(compareIndexes(side(source), side(without))).toEqual([`index ${name} is missing on the target`])
      expect(compareIndexes(side(without), side(target))).toEqual([`index ${name} exists on the target only`])
    }
  })

  it('rollups are made with the table', () => {
    const [qualified = ''] = tables
    const model = readTable(recording.create[qualified] ?? '', { version: versionOf(line) })
    const { statements } = writeTable(model, {
      target: { version: versionOf(line), runMode: 'shared_nothing' },
      source: { database: 'mg_rs', name: model.name },
      rollups: [
        { name: 'a', columns: ['k2', 'v1'] },
        { name: 'or der', columns: ['v1', 'k1'] },
      ],
    })
    expect(statements[0]).toContain('\nROLLUP (`a` (`k2`, `v1`), `or der` (`v1`, `k1`))\nPROPERTIES')
  })
})
