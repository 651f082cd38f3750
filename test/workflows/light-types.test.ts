import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

/** As compiled before the tests: types are gone from it, and it is what is bundled. */
const compiled = path.join(import.meta.dirname, '../../dist')

const IMPORT = /^(?:import|export)\b(?:[^'"]*?\bfrom)?\s*['"]([^'"]+)['"]/gm

/** All that a workflow's file has evaluated, and by which way: our own files by name, packages by theirs. */
function evaluated(entry: string): Map<string, string> {
  const ways = new Map([[entry, entry]])
  // A map's walk reaches what is added on the way.
  for (const [file, way] of ways) {
    if (!file.endsWith('.js')) continue
    for (const [, name = ''] of readFileSync(path.join(compiled, file), 'utf8').matchAll(IMPORT)) {
      const found = name.startsWith('.') ? path.join(path.dirname(file), name) : name
      if (!ways.has(found)) ways.set(found, `${way} > ${found}`)
    }
  }
  return ways
}

describe('what each workflow evaluates anew', () => {
  // They run by the thousand, and the schemas are most of what a workflow could load: in time and in memory.
  it.each([
    'workflows/replicate-table.js',
    'workflows/backup.js',
    'workflows/cluster-settings.js',
    'workflows/whole-tasks.js',
  ])('has no schemas in %s', (entry) => {
    const ways = evaluated(entry)
    expect(ways.get('zod')).toBeUndefined()
    expect(ways.size).toBeGreaterThan(1)
  })

  it('has them where a spec is checked', () => {
    const ways = evaluated('workflows/migrate.js')
    expect(ways.get('zod')).toMatch(/ > contract\//)
    expect(ways.size).toBeGreaterThan(30)
  })
})
