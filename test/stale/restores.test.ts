import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { lookAtTables } from '../../activities/stale/look.ts'
import { LabPair } from '../metadata/lab-pair.ts'

const DATABASES = 30

let lab: LabPair
const sent: string[] = []
beforeAll(async () => {
  lab = await LabPair.start({ version: '3.5', onStatement: (sql) => void sent.push(sql) }, { version: '3.5' })
  for (let i = 0; i < DATABASES; i++) {
    for (const side of [lab.source, lab.target]) {
      side.execute(`CREATE DATABASE d${i}`)
      side.execute(
        `CREATE TABLE d${i}.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
      )
    }
  }
})
afterAll(() => lab.stop())
beforeEach(() => {
  sent.length = 0
})

/** No listing is young enough to be believed. */
const look = () => lookAtTables(lab.deps, lab.spec({ intervals: { stale: 0.001 } }))
const asked = () => sent.filter((sql) => /^SHOW RESTORE/.test(sql))

test('a look asks for the restores into all databases at once', async () => {
  expect((await look()).lags).toHaveLength(DATABASES)
  await look()
  expect(asked()).toEqual(['SHOW RESTORE', 'SHOW RESTORE'])
})

test('for those of a database after the other where the cluster wants one to be named', async () => {
  const fault = lab.source.faults.inject({ kind: 'fail-query', error: 'No database selected', match: /^SHOW RESTORE$/ })
  expect((await look()).lags).toHaveLength(DATABASES)
  expect(new Set(asked()).size).toBe(DATABASES + 1)
  sent.length = 0
  await look()
  expect(asked().length).toBeLessThan(DATABASES / 2)
  fault.clear()
})

test('and for nothing more where the user may not know', async () => {
  const error = 'Access denied; you need (at least one of) the REPOSITORY privilege(s) on SYSTEM for this operation'
  const fault = lab.source.faults.inject({ kind: 'fail-query', error, match: /^SHOW RESTORE/ })
  expect((await look()).lags).toHaveLength(DATABASES)
  expect(asked()).toEqual(['SHOW RESTORE'])
  fault.clear()
})
