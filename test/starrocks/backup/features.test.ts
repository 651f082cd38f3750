import { describe, expect, it } from 'vitest'
import { backupFeatures, knownBackupBugs, parseVersion } from '../../../starrocks/index.ts'
import { recorded, releases, versionOf } from './recorded.ts'

const features = (text: string) => backupFeatures(parseVersion(text), 'shared_nothing')
const bugs = (text: string) =>
  Object.fromEntries(knownBackupBugs(parseVersion(text)).map(({ id, certain }) => [id, certain]))

describe('what versions can do', () => {
  it('is nothing on shared data, with the reason and what exists instead', () => {
    for (const release of releases) {
      const found = backupFeatures(versionOf[release], 'shared_data')
      expect(found).toMatchObject({ newGrammar: false, listPartitions: false, catalogs: false, dropSnapshot: false })
      expect(found.refusal?.reason).toMatch(/shared data/)
      expect(found.refusal?.instead).toMatch(/CLUSTER SNAPSHOT/)
    }
  })

  it.each([
    [
      '3.1.14',
      { newGrammar: false, views: false, listPartitions: false, materializedViews: false, colocateRestore: false },
    ],
    ['3.2.2', { materializedViews: false }],
    ['3.2.3', { materializedViews: true, listPartitions: false }],
    ['3.2.12', { listPartitions: true, uploadsByCores: true, uploadsWithoutRename: false }],
    ['3.3.3', { newGrammar: false, listPartitions: false, colocateRestore: true, uploadsWithoutRename: false }],
    ['3.3.6', { listPartitions: true, uploadsWithoutRename: true, uploadsByCores: true }],
    // Builds without a patch level: recorded 3.3 refused, a later one takes them.
    ['3.3-d0db2c0', { newGrammar: false, listPartitions: 'unknown', uploadsWithoutRename: 'unknown' }],
    [
      '3.4.0',
      { newGrammar: true, views: true, functions: true, catalogs: true, listPartitions: true, dropSnapshot: false },
    ],
    ['4.1.2', { catalogs: 'unknown', catalogRestore: true, dropSnapshot: false, snapshotTtl: false }],
    ['4.2.0', { catalogs: true, dropSnapshot: true, snapshotTtl: true }],
    ['main-44a1678', { newGrammar: true, listPartitions: true, dropSnapshot: true }],
  ] as const)('%s', (text, expected) => {
    expect(features(text)).toMatchObject(expected)
  })

  it.each(releases)('agrees with what %s answered', (release) => {
    const found = backupFeatures(versionOf[release], 'shared_nothing')
    const { accepted, refused } = recorded(release)
    expect(accepted.some((sql) => /^(BACKUP|RESTORE)\b.*\bDATABASE\b/.test(sql))).toBe(found.newGrammar)
    expect(accepted.some((sql) => /^BACKUP .*\bVIEW\b/.test(sql) && !/MATERIALIZED/.test(sql))).toBe(found.views)
    const refusesLists = refused.some(({ message }) => /List partition table does not support/.test(message))
    expect(refusesLists).toBe(found.listPartitions === false)
    const catalogs = accepted.some((sql) => /^BACKUP .*EXTERNAL CATALOG/.test(sql))
    expect(found.catalogs === true).toBe(catalogs)
  })
})

describe('known bugs', () => {
  it('ends where it is fixed', () => {
    expect(bugs('2.5.11')).toMatchObject({ 'primary-key-restore': true, 'schema-check': true })
    expect(bugs('2.5.12')).not.toHaveProperty('primary-key-restore')
    expect(bugs('3.0.7')).toMatchObject({ 'primary-key-restore': true })
    expect(bugs('3.0.8')).not.toHaveProperty('primary-key-restore')
    expect(bugs('3.1.0')).not.toHaveProperty('schema-check')
    expect(bugs('3.3.5')).toMatchObject({ 'slow-renames': true, 'one-upload-thread': true })
    expect(bugs('3.3.6')).not.toHaveProperty('slow-renames')
  })

  it('begins where it was brought in', () => {
    expect(bugs('3.5.14')).not.toHaveProperty('data-version')
    expect(bugs('3.5.15')).toMatchObject({ 'data-version': true })
    expect(bugs('3.5.16')).not.toHaveProperty('data-version')
    expect(bugs('4.0.6')).not.toHaveProperty('data-version')
    expect(bugs('4.0.7')).toMatchObject({ 'data-version': true })
    expect(bugs('4.1.0')).not.toHaveProperty('data-version')
    expect(bugs('3.3.9')).not.toHaveProperty('view-of-the-name')
    expect(bugs('3.5.0')).toHaveProperty('view-of-the-name', true)
    expect(bugs('3.1.5')).not.toHaveProperty('full-text-index')
  })

  it('is doubtful where the patch is not told, or not known to have the fix', () => {
    expect(bugs('3.3-d0db2c0')).toMatchObject({ 'slow-renames': false, 'restored-tables-dropped': false })
    expect(bugs('3.4.2')).toMatchObject({ 'restored-tables-dropped': false })
    expect(bugs('3.2.9')).toMatchObject({ 'restored-tables-dropped': true })
    expect(bugs('3.5.0')).not.toHaveProperty('restored-tables-dropped')
    expect(bugs('4.1-ad83983')).toMatchObject({ catalogs: false })
    expect(bugs('4.2.0')).not.toHaveProperty('catalogs')
  })

  it('names what nothing fixes in a main build', () => {
    expect(Object.keys(bugs('main-44a1678')).sort()).toEqual([
      'cancel-in-committing',
      'full-text-index',
      'list-values-kept',
      'manifest-after-leader-change',
      'memory-of-cancelled-backups',
      'pending-after-restart',
      'same-label-at-once',
      'view-of-the-name',
    ])
  })

  it('puts the worst first, each with advice and an id of its own', () => {
    const all = knownBackupBugs(parseVersion('3.3.0'))
    const rank = { danger: 0, failure: 1, nuisance: 2 }
    expect(all.map(({ severity }) => rank[severity])).toEqual(all.map(({ severity }) => rank[severity]).sort())
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const bug of all) expect(bug.what.length * bug.advice.length).toBeGreaterThan(100)
  })
})
