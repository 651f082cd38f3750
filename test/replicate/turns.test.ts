import { expect, test } from 'vitest'
import { Turns } from '../../activities/pollers/turns.ts'

/** Work that ends when it is told to. */
function steps() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () => {
    begun.push(name)
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
  }
  return { begun, work, end: (name: string) => ends.get(name)?.() }
}

test('so many at once, the others in the order in which they came', async () => {
  const turns = new Turns(2)
  const { begun, work, end } = steps()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => turns.take(work(name)))
  await new Promise(setImmediate)
  expect(begun).toEqual(['a', 'b'])
  end('b')
  expect(await b).toBe('b')
  await new Promise(setImmediate)
  expect(begun).toEqual(['a', 'b', 'c'])
  end('a')
  end('c')
  expect(await Promise.all([a, c])).toEqual(['a', 'c'])
  await new Promise(setImmediate)
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  end('d')
  expect(await d).toBe('d')
  // None is taken any more.
  const after = [turns.take(work('e')), turns.take(work('f'))]
  await new Promise(setImmediate)
  expect(begun.slice(4)).toEqual(['e', 'f'])
  end('e')
  end('f')
  await Promise.all(after)
})

test('one that fails, and one that waits no longer, hold nobody up', async () => {
  const turns = new Turns(1)
  const { begun, work, end } = steps()
  const failing = turns.take(async () => {
    await new Promise(setImmediate)
    throw new Error('no')
  })
  const leaving = new AbortController()
  let told = 0
  const left = turns.take(work('left'), { signal: leaving.signal, waiting: () => told++ })
  const next = turns.take(work('next'))
  leaving.abort(new Error('enough'))
  await expect(left).rejects.toThrow('enough')
  await expect(failing).rejects.toThrow('no')
  await new Promise(setImmediate)
  expect(begun).toEqual(['next'])
  await expect(turns.take(work('late'), { signal: leaving.signal, waiting: () => told++ })).rejects.toThrow('enough')
  end('next')
  expect(await next).toBe('next')
  expect(told).toBe(1)
  expect(begun).toEqual(['next'])
})
