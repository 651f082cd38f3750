import { describe, expect, it } from 'vitest'
import { bar } from '../../client/terminal/bar.ts'
import { formatBytes, formatRatio, formatSeconds } from '../../client/terminal/format.ts'
import { Live } from '../../client/terminal/live.ts'
import { statusView } from '../../client/terminal/status-view.ts'
import { clip, printable, styleFor, width } from '../../client/terminal/style.ts'
import { table } from '../../client/terminal/table.ts'
import type { MigrationStatus } from '../../contract/migration-api.ts'

const plain = styleFor({ isTTY: false }, {})
const coloured = styleFor({ isTTY: true }, { TERM: 'xterm' })

describe('what is printed', () => {
  it('has colours only on a terminal, and never with NO_COLOR', () => {
    expect(plain.red('x')).toBe('x')
    expect(coloured.red('x')).toBe('\u001b[31mx\u001b[39m')
    expect(styleFor({ isTTY: true }, { NO_COLOR: '1' }).red('x')).toBe('x')
  })

  it('sizes, times, ratios as people say them; nothing incomplete is 100 %', () => {
    expect([0, 1023, 1536, 5 * 1024 ** 3, 1024 ** 5].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.50 KB',
      '5.00 GB',
      '1.00 PB',
    ])
    expect([0.4, 59, 200, 7500, 90_000, 400_000].map(formatSeconds)).toEqual([
      '0 s',
      '59 s',
      '3 min 20 s',
      '2 h 5 min',
      '25 h',
      '4 d 15 h',
    ])
    expect([0, 0.5, 0.99999, 1].map(formatRatio)).toEqual(['0.0 %', '50.0 %', '99.9 %', '100 %'])
    expect(bar(0.99999, 4, plain)).toBe('███▉')
    expect(bar(1, 4, plain)).toBe('████')
    expect(bar(0.5, 4, plain)).toBe('██░░')
    expect(bar(Number.NaN, 4, plain)).toBe('░░░░')
  })

  it('measures wide characters, combining marks and colours', () => {
    expect([width('abc'), width('数据'), width('e\u0301'), width(coloured.red('ab')), width('😀')]).toEqual([
      3, 4, 1, 2, 2,
    ])
    expect(clip('数据库表', 5)).toBe('数据…')
  })

  it('lets no name move the cursor', () => {
    expect(printable('a\u001b[2Jb\nc')).toBe('a\\x1b[2Jb⏎c')
  })

  it('aligns tables, and gives the flexible column what is left', () => {
    const rows = [
      { name: '数据', size: '1', why: 'a long reason that does not fit' },
      { name: 'table', size: '1000', why: '' },
    ]
    const lines = table(
      [
        { title: 'NAME', value: (row) => row.name },
        { title: 'SIZE', value: (row) => row.size, align: 'right' },
        { title: 'WHY', value: (row) => row.why, flexible: true },
      ],
      rows,
      plain,
      30,
    )
    expect(lines).toEqual(['NAME   SIZE  WHY', '数据      1  a long reason th…', 'table  1000'])
  })

  it('paints over only what it painted', () => {
    let out = ''
    const live = new Live({ isTTY: true, columns: 10, write: (text: string) => (out += text) })
    live.paint(['one', 'x'.repeat(15)])
    live.print('stays')
    // Three rows: the second line wraps.
    expect(out).toBe(`one\n${'x'.repeat(15)}\n\u001b[3A\r\u001b[Jstays\none\n${'x'.repeat(15)}\n`)
    out = ''
    new Live({ isTTY: false, write: (text: string) => (out += text) }).paint(['x'])
    expect(out).toBe('')
  })
})

describe('a status', () => {
  const status: MigrationStatus = {
    name: 'shop',
    source: 'old',
    target: 'new',
    state: 'syncing',
    startedAt: '2026-01-01T00:00:00Z',
    jobs: { total: 40, ddlPending: 0, jobPending: 8, sent: 2, running: 2, finished: 28, failed: 1, unknown: 0 },
    tables: { total: 40, finished: 28, unfinished: 12, expired: 3, parked: 1, refused: 1 },
    finishedTableRatio: 0.7,
    expiredTableRatio: 0.075,
    progress: 0.714,
    partitions: { total: 157, lagging: 45, unknown: 0, surplus: 0 },
    bytes: { total: 5 * 1024 ** 3, toCopy: 2 * 1024 ** 3, copied: 3 * 1024 ** 3, perSecond: 45 * 1024 ** 2 },
    secondsLeft: 48,
    lagSeconds: 12,
    slots: { limit: 100, used: 4 },
    reasons: [{ reason: 'waiting for a slot', tables: 8 }],
    settings: [{ cluster: 'new', key: 'enable_legacy', from: 'false', to: 'true' }],
    findings: [],
  }

  it('shows every counter under its name, and fits the screen', () => {
    const lines = statusView(status, plain, 80)
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "shop  syncing  old → new
        ██████████████████████▊░░░░░░░░░ 71.4 %  112 of 157 partitions
        3.00 GB copied   2.00 GB to copy   45.0 MB/s   about 48 s left   lag 12 s

        tables    total 40   finished 28   unfinished 12   expired 3   parked 1
                  refused 1
                  finishedTableRatio 70.0 %   expiredTableRatio 7.5 %
        jobs      total 40   ddlPending 0   jobPending 8   sent 2   running 2
                  finished 28   failed 1   unknown 0
        slots     4 of 100 used
        waiting   8 tables: waiting for a slot
        settings  new: enable_legacy false → true"
    `)
    for (const line of lines) expect(width(line)).toBeLessThanOrEqual(80)
  })
})
