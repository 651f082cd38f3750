import { describe, expect, it } from 'vitest'
import { backupLabel, isOurLabel, type LabelParts, shortHash } from '../../planning/backup/label.ts'

const parts: LabelParts = {
  prefix: 'sf',
  cluster: 'prod',
  database: 'shop',
  runId: 'e3b5c7aa-0000-4000-8000-000000000001',
  startedAt: Date.UTC(2026, 10, 21, 4, 5, 6, 7),
  part: 0,
  attempt: 1,
}

describe('labels', () => {
  it('say what they are of, and when', () => {
    expect(backupLabel(parts)).toMatch(/^sf_shop_20261121T040506007_[0-9a-z]{6}1$/)
    expect(backupLabel({ ...parts, database: '' })).toMatch(/^sf_catalogs_20261121T/)
  })

  it('fit 64 letters, digits and underscores, whatever the database is called', () => {
    for (const database of ['x'.repeat(300), '数据库-"`; DROP', 'a.b c', "'"]) {
      for (const attempt of [1, 99_999]) {
        const label = backupLabel({ ...parts, prefix: 'A234567890123456', database, attempt })
        expect(label).toMatch(/^[A-Za-z0-9_]{1,64}$/)
        expect(isOurLabel(label)).toBe(true)
      }
    }
  })

  it('are the same only for the same cluster, run, database, part and attempt', () => {
    const variants: LabelParts[] = [
      parts,
      { ...parts, cluster: 'other' },
      { ...parts, runId: 'e3b5c7aa-0000-4000-8000-000000000002' },
      { ...parts, part: 1 },
      { ...parts, attempt: 2 },
      { ...parts, attempt: 11 },
      { ...parts, database: 'shop ' },
      { ...parts, database: 'shop-' },
    ]
    const labels = variants.map(backupLabel)
    expect(new Set(labels).size).toBe(variants.length)
    expect(variants.map(backupLabel)).toEqual(labels)
  })

  it('hash evenly', () => {
    const hashes = new Set(Array.from({ length: 20_000 }, (_, i) => shortHash(`["c","db${i}","run",0]`)))
    expect(hashes.size).toBeGreaterThan(19_995)
  })
})
