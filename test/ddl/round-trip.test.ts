import { describe, expect, it } from 'vitest'
import { readTable, writeTable } from '../../starrocks/ddl/index.ts'
import { lines, modeOf, objectsOf, readObject, versionOf } from './fixtures.ts'

describe.each(lines)('every table of %s', (line) => {
  const tables = objectsOf(line).filter((object) => {
    const model = readObject(line, object)
    return model.kind === 'table' && !model.external
  })

  it('is a good part of the corpus', () => {
    expect(tables.length).toBeGreaterThan(50)
  })

  it.each(tables)('%s is the same after writing and reading again', (object) => {
    const model = readObject(line, object)
    if (model.kind !== 'table') throw new Error('not a table')
    expect(model.doubts).toEqual([])
    const source = { database: 'shop', name: model.name }
    const target = { version: versionOf(line), runMode: modeOf(line) }
    const { statements, undo, deferred, dropped } = writeTable(model, { target, source })
    const again = readTable(statements.join(';'), { version: versionOf(line) })
    const left = new Set([...undo.map((u) => u.property), ...dropped.map((d) => d.property)])
    expect({ ...again, properties: {} }).toEqual({ ...model, partitions: [], properties: {} })
    for (const [property, value] of Object.entries(model.properties)) {
      if (left.has(property) || deferred.some((statement) => statement.includes(property))) continue
      if (again.properties[property] !== undefined)
        expect.soft([property, again.properties[property]]).toEqual([property, expected(property, value)])
    }
  })
})

// The table's own name is left out of its unique constraint.
function expected(property: string, value: string): string {
  return property === 'unique_constraints' ? 'id' : value
}
