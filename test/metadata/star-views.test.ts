import { afterEach, beforeEach, expect, test } from 'vitest'
import { LabPair } from './lab-pair.ts'

let pair: LabPair
beforeEach(async () => {
  pair = await LabPair.start({ version: '4.1' }, { version: '3.5' })
  for (const lab of [pair.source, pair.target]) {
    lab.execute('CREATE DATABASE d')
    lab.execute(
      'CREATE TABLE d.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    )
  }
})
afterEach(() => pair.stop())

const VIEW = 'CREATE VIEW d.v AS SELECT *, 1 AS x FROM d.t'
const changeAtSource = () => pair.source.execute('ALTER VIEW d.v AS SELECT *, 2 AS x FROM d.t')
const outcomes = async () => (await pair.alignViews(pair.spec())).map(({ outcome }) => outcome)
const text = (lab: LabPair['source']) => String(lab.execute('SHOW CREATE VIEW d.v').rows[0]?.[1])

test('a view whose star the target prints as columns is made again when the source’s changed, and only then', async () => {
  pair.source.execute(VIEW)
  expect(await outcomes()).toEqual(['created'])
  expect(text(pair.source)).toContain('SELECT *, 1 AS x')
  expect(text(pair.target)).toContain('SELECT `d`.`t`.`id`, `d`.`t`.`v`, 1 AS `x`')
  expect(await outcomes()).toEqual([])

  changeAtSource()
  expect(await outcomes()).toEqual(['recreated'])
  expect(text(pair.target)).toContain('2 AS `x`')
  expect(await outcomes()).toEqual([])
})

test('so is one that was there before, which is believed to be what the source’s says when it is first seen', async () => {
  pair.source.execute(VIEW)
  pair.target.execute(VIEW)
  expect(await outcomes()).toEqual(['unchanged'])
  expect(await outcomes()).toEqual([])

  changeAtSource()
  expect(await outcomes()).toEqual(['recreated'])
  expect(text(pair.target)).toContain('2 AS `x`')
  expect(await outcomes()).toEqual([])
})
