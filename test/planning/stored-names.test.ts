import { describe, expect, test } from 'vitest'
import { judgeStored } from '../../planning/stored-names.ts'

const columns = (text: string) =>
  text.split(' ').map((one) => {
    const [name = '', id] = one.split(':')
    return { name, uniqueId: Number(id) }
  })

interface Given {
  /** As SHOW CREATE TABLE prints it. */
  printed: string
  /** Of a tablet that is up to date, as `name:id`. */
  current?: string
  /** Of the tablet that is copied; unset: it is up to date. */
  stored?: string
  /** The SchemaVersion, of 5, that it has heard of. */
  heard?: number
  fresh?: boolean
}

function judge({ printed, current, stored, heard = 5, fresh = true }: Given) {
  return judgeStored({
    printed: printed.split(' '),
    version: 5,
    current: current === undefined ? undefined : columns(current),
    stored: { schemaVersion: heard, columns: columns(stored ?? current ?? '') },
    fresh,
  })
}
const RIGHT = { verdict: 'right' }
const UNCLEAR = { verdict: 'unclear' }
const wrong = (...names: string[]) => ({ verdict: 'wrong', columns: names })

describe('a copy that was made in one piece', () => {
  test.each<[what: string, given: Given]>([
    ['nothing was ever changed, whatever the case', { printed: 'id V', current: 'id:0 v:1' }],
    ['StarRocks made a column for itself', { printed: 'id v', current: 'id:0 v:1 __generated_partition_column_0:2' }],
    ['one was renamed and nothing else', { printed: 'id w', current: 'id:0 v:1' }],
    [
      'one came last, and this tablet has not heard',
      { printed: 'id v y', current: 'id:0 v:1 y:2', stored: 'id:0 v:1' },
    ],
    ['one came in the middle', { printed: 'id y v', current: 'id:0 y:2 v:1', stored: 'id:0 v:1' }],
    ['one in the middle was dropped', { printed: 'id v', current: 'id:0 v:2', stored: 'id:0 a:1 v:2' }],
    ['the last one was dropped', { printed: 'id v', current: 'id:0 v:1', stored: 'id:0 v:1 z:2' }],
    ['one was dropped and another came, and it has heard', { printed: 'id b', current: 'id:0 b:2' }],
  ])('is right where %s', (_, given) => expect(judge(given)).toEqual(RIGHT))

  test('is wrong where a renamed column took the place of a dropped one', () => {
    expect(judge({ printed: 'id v', current: 'id:0 x:2' })).toEqual(wrong('v'))
  })

  test('is wrong where columns exchanged their names, or one took over another’s', () => {
    expect(judge({ printed: 'id b a', current: 'id:0 a:1 b:2' })).toEqual(wrong('b', 'a'))
    expect(judge({ printed: 'id c a', current: 'id:0 a:1 b:2' })).toMatchObject({ verdict: 'wrong' })
  })

  test('is wrong where a partition was not loaded since one was dropped and another came', () => {
    expect(judge({ printed: 'id v y', current: 'id:0 v:1 y:3', stored: 'id:0 v:1 z:2', heard: 3 })).toEqual(wrong('y'))
    expect(judge({ printed: 'id v', current: 'id:0 v:2', stored: 'id:0 v:1', heard: 3 })).toEqual(wrong('v'))
  })

  test('is wrong where one was renamed, and another came before it', () => {
    expect(judge({ printed: 'id y w', current: 'id:0 y:2 v:1' })).toEqual(wrong('w'))
  })
})

describe('a copy whose columns came and went as well', () => {
  const grown = { fresh: false }
  test('is right where all names are the same', () => {
    expect(judge({ ...grown, printed: 'id v y', current: 'id:0 v:1 y:3' })).toEqual(RIGHT)
    expect(judge({ ...grown, printed: 'id v y', current: 'id:0 v:1 y:3', stored: 'id:0 v:1' })).toEqual(RIGHT)
    expect(judge({ ...grown, printed: 'id v', current: 'id:0 v:1', stored: 'id:0 v:1 z:2' })).toEqual(RIGHT)
  })
  test('cannot be told where one was renamed, or a dropped one may be taken for one that came', () => {
    expect(judge({ ...grown, printed: 'id w', current: 'id:0 v:1' })).toEqual(UNCLEAR)
    expect(judge({ ...grown, printed: 'id v y', current: 'id:0 v:1 y:3', stored: 'id:0 v:1 z:2' })).toEqual(UNCLEAR)
    expect(judge({ ...grown, printed: 'id v', current: 'id:0 v:2', stored: 'id:0 v:1' })).toEqual(UNCLEAR)
  })
})

describe('where no tablet has heard of the last change', () => {
  test('columns that came can be told', () => {
    expect(judge({ printed: 'id v y', stored: 'id:0 v:1', heard: 4 })).toEqual(RIGHT)
    expect(judge({ printed: 'id x v y', stored: 'id:0 v:1', heard: 3 })).toEqual(RIGHT)
  })
  test.each<[what: string, given: Given]>([
    ['dropped, or another renamed into its place', { printed: 'id v', stored: 'id:0 v:1 x:2', heard: 4 }],
    ['dropped and added, or renamed', { printed: 'id w', stored: 'id:0 v:1', heard: 3 }],
    ['dropped and added anew under its name', { printed: 'id v', stored: 'id:0 v:1', heard: 3 }],
    ['more changes than columns that came', { printed: 'id v y', stored: 'id:0 v:1', heard: 3 }],
  ])('nobody knows whether one was %s', (_, given) => expect(judge(given)).toEqual(UNCLEAR))
})
