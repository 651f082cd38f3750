import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { jsonSchema } from '../../client/json-schema.ts'
import { SCHEMA_NAMES } from '../../client/schema-names.ts'
import { SPEC_FORMAT } from '../../contract/spec-format.ts'

it.each(SCHEMA_NAMES)('docs/%s.schema.json is what the code checks (make it with `starferry schema`)', (name) => {
  const file = path.resolve(import.meta.dirname, `../../docs/${name}.schema.json`)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(jsonSchema(name))
})

it('names every key, refuses others, and describes what is not obvious', () => {
  const schema = jsonSchema('migration') as { properties: Record<string, { description?: string }>; required: string[] }
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['name', 'source', 'target', 'include', 'exclude', 'rename', 'limits', 'allow', 'settings']),
  )
  expect(schema).toMatchObject({ additionalProperties: false, required: ['name', 'source', 'target'] })
  expect(schema.properties.include?.description).toMatch(/Taken before exclude/)
})

it('a spec checked by another version is checked anew: its format stands for all of the schema', () => {
  const schema = JSON.stringify(jsonSchema('migration'))
  expect(SPEC_FORMAT).toBe(createHash('sha256').update(schema).digest('hex').slice(0, 12))
})
