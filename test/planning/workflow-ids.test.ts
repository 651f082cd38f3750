import { describe, expect, test } from 'vitest'
import { tableWorkflowId } from '../../contract/index.ts'

const idOf = (table: string) => tableWorkflowId('move', `shop.${table}`)

describe('the id of a table’s workflow', () => {
  test('names the table', () => {
    expect(idOf('orders')).toBe('migrate/move/table/shop.orders')
    const longest = 255 - idOf('').length
    expect(idOf('表'.repeat(longest))).toBe(`migrate/move/table/shop.${'表'.repeat(longest)}`)
  })

  test.each(['x', '表', '𠮷'])(
    'is within what Temporal takes, and of one table alone, for names as long as they may be, of %s',
    (char) => {
      const name = char.repeat(1023)
      const ids = [
        `${name}a`,
        `${name}b`,
        `a${name}`,
        name,
        char.repeat(1022),
        `${char.repeat(511)}a${char.repeat(512)}`,
      ].map(idOf)
      for (const id of ids) {
        expect([...id].length).toBeLessThanOrEqual(255)
        expect(Buffer.byteLength(id)).toBeLessThanOrEqual(1000)
        expect(id.startsWith('migrate/move/table/shop.')).toBe(true)
      }
      expect(new Set(ids).size).toBe(ids.length)
    },
  )
})
