import { describe, expect, it } from 'vitest'
import { parseLossless, parseManifest } from '../../repository/index.ts'
import { manifestText, type Recorded, recorded, VERSIONS } from './support/recorded.ts'

/** One line a physical partition. */
function lines(text: string): string[] {
  const { tables } = parseManifest(text)
  return [...tables].flatMap(([table, { id, partitions }]) =>
    [...partitions].flatMap(([name, partition]) =>
      partition.physical.map(
        (physical) =>
          `${table}(${id}).${name}(${partition.id}): ${physical.id}@${physical.version} ${physical.indexes
            .map((index) => `${index.name}(${index.id}, ${index.schemaHash})[${index.tablets}]`)
            .join(' ')}`,
      ),
    ),
  )
}

describe('manifests', () => {
  it('of 3.5 have the physical partition below the logical one', () => {
    expect(
      lines(manifestText(recorded('3.5'), 'some_parts')).filter((line) => line.startsWith('t(')),
    ).toMatchInlineSnapshot(`
      [
        "t(15093).p1(15090): 15096@3 t(15094, 1066075661)[15097,15099] r1(15095, 1172899459)[15101,15103]",
        "t(15093).p2(15091): 15105@2 t(15094, 1066075661)[15106,15108] r1(15095, 1172899459)[15110,15112]",
      ]
    `)
  })

  it('of 3.3 have the physical partition alone', () => {
    expect(lines(manifestText(recorded('3.3'), 'some_parts'))).toMatchInlineSnapshot(`
      [
        "t(12134).p1(12131): 12131@3 t(12135, 1066075661)[12137,12139] r1(12136, 1172899459)[12141,12143]",
        "t(12134).p2(12132): 12132@2 t(12135, 1066075661)[12145,12147] r1(12136, 1172899459)[12149,12151]",
        "auto_t(12167).$shadow_automatic_partition(12166): 12166@1 auto_t(12168, 1535313865)[12169,12171]",
        "auto_t(12167).p20240101(12173): 12173@2 auto_t(12168, 1535313865)[12174,12176]",
      ]
    `)
  })

  it.each(['3.3', '3.5', '4.1'] as const)('of %s list the shadow partition and materialized views', (version) => {
    const { tables, database } = parseManifest(manifestText(recorded(version), 'some_parts'))
    expect(database).toBe('inf')
    expect([...(tables.get('auto_t')?.partitions.keys() ?? [])]).toEqual(['$shadow_automatic_partition', 'p20240101'])
    expect(parseManifest(manifestText(recorded(version), 'one_table')).tables.size).toBe(1)
  })

  it('hold views by name, and catalogs not at all', () => {
    const view = parseManifest(manifestText(recorded('3.5'), 'only_view'))
    expect([...view.views.keys()]).toEqual(['w'])
    expect(view.tables.size).toBe(0)
    const catalogs = parseManifest(manifestText(recorded('3.5'), 'cats'))
    expect(catalogs).toMatchObject({ result: 'succeed' })
    expect(catalogs.tables.size + catalogs.views.size).toBe(0)
    const mv = parseManifest(manifestText(recorded('4.1'), 'only_mv'))
    expect([...mv.tables.keys()]).toEqual(['mv'])
  })

  it.each(VERSIONS)('of %s name exactly the tablets whose directories were uploaded', (version) => {
    const { tree, manifests }: Recorded = recorded(version)
    let all = 0
    for (const [key, text] of Object.entries(manifests)) {
      const root = key.slice(0, key.lastIndexOf('/') + 1)
      const directories = new Set(
        tree.flatMap(([key]) => (key.startsWith(`${root}__ss_content/`) ? [key.slice(0, key.lastIndexOf('/'))] : [])),
      )
      const { tables, databaseId } = parseManifest(text)
      const named = [...tables.values()].flatMap(({ id, partitions }) =>
        [...partitions.values()].flatMap(({ physical }) =>
          physical.flatMap((part) =>
            part.indexes.flatMap((index) =>
              index.tablets.map(
                (tablet) =>
                  `${root}__ss_content/__db_${databaseId}/__tbl_${id}/__part_${part.id}/__idx_${index.id}/__${tablet}`,
              ),
            ),
          ),
        ),
      )
      all += named.length
      expect(new Set(named)).toEqual(directories)
    }
    // Snapshots of catalogs alone have none.
    expect(all).toBeGreaterThan(20)
  })

  it('keep 64-bit numbers to the last digit, also where names look like numbers', () => {
    const name = '9007199254740993, "x": 9007199254740993 \\" {9007199254740995'
    const text = `{"name":"l","id":9223372036854775807,"backup_objects":{${JSON.stringify(name)}:{"id":9007199254740993,
      "partitions":{"p":{"id":-9007199254740995,"version":1,"indexes":{"t":{"id":9223372036854775806,"schema_hash":-5,
      "tablets":{"9007199254740997":[]}}},"subPartitions":{}}}}}}`
    const { tables, databaseId } = parseManifest(text)
    expect(databaseId).toBe(9223372036854775807n)
    const table = tables.get(name)
    expect(table?.id).toBe(9007199254740993n)
    const physical = table?.partitions.get('p')?.physical[0]
    expect(physical).toMatchObject({ id: -9007199254740995n, version: 1n })
    expect(physical?.indexes[0]).toMatchObject({
      id: 9223372036854775806n,
      tablets: [9007199254740997n],
      schemaHash: -5,
    })
    expect(parseLossless('[1, 1.5, 12345678901234567890, 1234567890123456.5, "1234567890123456789"]')).toEqual([
      1,
      1.5,
      '12345678901234567890',
      1234567890123456.5,
      '1234567890123456789',
    ])
  })

  it('of one partition with several physical ones have them all', () => {
    const index = (id: number) => ({ t: { id: 5, schema_hash: 1, tablets: { [id]: [] } } })
    const sub = (id: number) => ({ id, version: id, indexes: index(id + 100) })
    const partition = { id: 7, version: 2, indexes: {}, subPartitions: { 8: sub(8), 9: sub(9) } }
    const text = JSON.stringify({ name: 'l', backup_objects: { t: { id: 1, partitions: { t: partition } } } })
    expect(lines(text)).toEqual(['t(1).t(7): 8@8 t(5, 1)[108]', 't(1).t(7): 9@9 t(5, 1)[109]'])
  })

  it.each([
    '',
    '[]',
    'null',
    '{}',
    '{"name":"x"}',
    '{"name":"x","backup_objects":{"t":{"id":"abc","partitions":{}}}}',
    '{"name":',
  ])('that are none are refused: %s', (text) => {
    expect(() => parseManifest(text)).toThrow()
  })
})
