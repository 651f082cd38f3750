import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { LabCluster, type LabVersion } from '../../lab/index.ts'
import { type Surroundings, statementHere, textAsRecorded } from '../conformance/snapshot-text.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { attach, backUp, restore } from './support/lab-repository.ts'

/** A table of an older release, and SHOW CREATE of what a 3.5 frontend made of its snapshot. */
interface RestoredTable {
  /** SHOW CREATE of the old release, or the statement that made it where that text cannot be run again. */
  source: string
  restored: string
  /** Name that it was restored under, where that was another one. */
  as?: string
  /** Those that were backed up and restored, where not all were. */
  partitions?: string[]
}

const recorded: Partial<Record<LabVersion, Record<string, RestoredTable>>> = JSON.parse(
  readFileSync(new URL('../fixtures/lab/restored-into-3.5.json', import.meta.url), 'utf8'),
)

let s3: S3Server
beforeAll(async () => {
  s3 = await startTestS3()
})
afterAll(() => s3?.stop())

describe.each(['3.1', '3.3'] as const)('%s', (version) => {
  const tables = Object.entries(recorded[version] ?? {})
  const isView = ({ source }: RestoredTable): boolean => source.startsWith('CREATE MATERIALIZED VIEW')
  let source: LabCluster
  let target: LabCluster
  let here: Surroundings

  beforeAll(async () => {
    here = {
      endpoint: s3.endpoint,
      accessKey: s3.accessKey,
      secretKey: s3.secretKey,
      storage: s3.dir,
      directory: s3.dir,
    }
    source = await LabCluster.start({ name: `from-${version}`, version, timeFactor: 300 })
    target = await LabCluster.start({ name: `of-${version}`, version: '3.5', timeFactor: 300 })
    // Its rounds would add partitions that the recorded table did not have yet.
    for (const one of [source, target]) one.partitionScheduler.stop()
    const repository = `from_${version.replace('.', '')}`
    await attach(source, s3, repository)
    await attach(target, s3, repository)
    source.execute('CREATE DATABASE shop')
    source.execute('USE shop')
    for (const [, one] of tables) source.execute(statementHere(one.source, here))
    const parts = ({ partitions }: RestoredTable): string => (partitions ? ` PARTITION (${partitions.join(', ')})` : '')
    const chosen = tables.map(([name, one]) => `${name}${parts(one)}`)
    await backUp(source, repository, 'all_tables', `BACKUP SNAPSHOT shop.all_tables TO REPO ON (${chosen.join(', ')})`)
    const wanted = tables.map(([name, one]) => {
      const alias = one.as === undefined ? '' : ` AS ${one.as}`
      return `${isView(one) ? 'MATERIALIZED VIEW' : 'TABLE'} ${name}${parts(one)}${alias}`
    })
    const sql = `RESTORE SNAPSHOT all_tables FROM REPO DATABASE shop ON (${wanted.join(', ')})`
    expect(await restore(target, repository, 'all_tables', sql)).toMatchObject({ State: 'FINISHED', Status: '[OK]' })
  })
  afterAll(() => Promise.all([source?.stop(), target?.stop()]))

  const restoredText = (name: string): string => {
    const text = target.execute(`SHOW CREATE TABLE shop.${name}`).rows[0]?.[1] ?? ''
    return textAsRecorded(text, here)
  }

  test.each(tables)('%s is on 3.5 what the frontend made of it', (name, one) => {
    expect(restoredText(one.as ?? name)).toBe(one.restored)
  })

  test('an index that is not persistent passes, which CREATE TABLE refuses', () => {
    const text = restoredText('pk_r3')
    expect(text).toContain('"enable_persistent_index" = "false"')
    expect(() => target.execute(text.replace('`pk_r3`', 'shop.again'))).toThrow('In-Memory index is not supported')
  })
})
