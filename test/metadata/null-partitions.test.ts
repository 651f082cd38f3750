import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LabPair } from './lab-pair.ts'

let pair: LabPair
afterEach(() => pair.stop())

const LIST = `CREATE TABLE d.t (id INT, c VARCHAR(20)) DUPLICATE KEY(id, c)
  PARTITION BY LIST(c) (PARTITION pn VALUES IN ('NULL'), PARTITION pa VALUES IN ("a"))
  DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

const align = async (approval?: string) => {
  const approvals = approval === undefined ? undefined : { 'd.t': approval }
  const [outcome] = await pair.run(pair.metadata.alignTables, { spec: pair.spec(), tables: ['d.t'], approvals })
  return outcome
}

/** What the next difference finds, and how many questions it asks. */
async function look(): Promise<{ different: string[]; explained: number }> {
  const { different } = await pair.differences(pair.spec())
  const explained = pair.statements.splice(0).filter(({ kind }) => kind.startsWith('EXPLAIN')).length
  return { different, explained }
}

describe('an empty partition that a person took for NULL', () => {
  beforeEach(async () => {
    pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
    pair.source.execute('CREATE DATABASE d')
    pair.source.execute(LIST)
    const asked = await align()
    expect(asked?.outcome).toBe('needs-approval')
    expect((await align(asked?.question))?.outcome).toBe('created')
    pair.statements.length = 0
  })

  test('is looked at again once its rows tell that it is the string', async () => {
    expect(await look()).toEqual({ different: [], explained: 0 })
    pair.source.execute("INSERT INTO d.t VALUES (1, 'NULL')")
    // The source's alone says nothing about the copy.
    expect(await look()).toMatchObject({ different: [] })
    // Stands for the replication of that row: the copy's partition has rows by now, and tells.
    pair.target.execute('INSERT INTO d.t VALUES (1, NULL)')
    expect((await look()).different).toEqual(['d.t'])
    expect(await align()).toMatchObject({
      outcome: 'needs-approval',
      reason: expect.stringContaining("the string 'NULL'"),
    })
  })
})

describe('a partition that prints NULL', () => {
  const makeAgain = () => {
    for (const lab of [pair.source, pair.target]) {
      lab.execute('ALTER TABLE d.t DROP PARTITION pn FORCE')
      lab.execute("ALTER TABLE d.t ADD PARTITION pn VALUES IN ('NULL')")
    }
  }
  const fill = () => {
    for (const lab of [pair.source, pair.target]) lab.execute("INSERT INTO d.t VALUES (1, 'NULL')")
  }

  beforeEach(async () => {
    pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
    for (const lab of [pair.source, pair.target]) {
      lab.execute('CREATE DATABASE d')
      lab.execute(LIST)
    }
  })

  test('is asked about until both sides tell the same, and again once it was made again', async () => {
    pair.source.execute("INSERT INTO d.t VALUES (1, 'NULL')")
    expect(await look()).toEqual({ different: [], explained: 1 })
    expect(await look()).toEqual({ different: [], explained: 1 })
    pair.target.execute("INSERT INTO d.t VALUES (1, 'NULL')")
    expect(await look()).toEqual({ different: [], explained: 2 })
    expect(await look()).toEqual({ different: [], explained: 0 })
    makeAgain()
    fill()
    expect(await look()).toEqual({ different: [], explained: 2 })
    expect(await look()).toEqual({ different: [], explained: 0 })
  })

  test('differs once it was made again as another on one side', async () => {
    fill()
    expect(await look()).toEqual({ different: [], explained: 2 })
    pair.target.execute('ALTER TABLE d.t DROP PARTITION pn FORCE')
    pair.target.execute('ALTER TABLE d.t ADD PARTITION pn VALUES IN (NULL)')
    pair.target.execute('INSERT INTO d.t VALUES (1, NULL)')
    expect(await look()).toMatchObject({ different: ['d.t'] })
    expect(await look()).toMatchObject({ different: ['d.t'], explained: 2 })
  })
})
