import { describe, expect, test } from 'vitest'
import { type ClusterKind, checkPair } from '../../planning/preflight-pairs.ts'
import { checkPatches } from '../../planning/preflight-patches.ts'
import { parseVersion } from '../../starrocks/version.ts'

const kind = (name: string, version: string, runMode: ClusterKind['runMode'] = 'shared_nothing'): ClusterKind => ({
  name,
  version: parseVersion(version),
  runMode,
})
const SD = 'shared_data'
const SN = 'shared_nothing'

describe('which pairs of clusters can replicate', () => {
  test.each([
    ['2.5.12 9b9ac51', SN, '3.1.8', SN, []],
    ['3.1.14-4c94dd1', SN, '3.5-d6ff11f', SN, []],
    ['3.3.3', SN, '3.1.7', SN, ['target-version-too-old']],
    ['3.3.3', SN, '3.2.2', SN, ['target-version-too-old']],
    ['3.3.3', SN, '3.2.3', SN, []],
    ['3.3.3', SN, '3.0.9', SN, ['target-version-too-old']],
    ['3.3.3', SN, '4.1.0-ad83983', SD, []],
    ['4.1.0', SD, '4.1.0', SD, []],
    ['3.5.7', SD, '4.0.2', SD, ['pair-unsupported']],
    ['4.1.0', SD, '4.1.0', SN, ['pair-unsupported']],
    ['main-44a1678', SN, 'MAIN-RELEASE 5cd95e7', SD, ['version-unreadable', 'version-unreadable']],
    ['2.3.1', SN, '3.3.9', SN, ['source-version-too-old']],
  ] as const)('%s %s → %s %s: %j', (sourceVersion, sourceMode, targetVersion, targetMode, codes) => {
    const findings = checkPair(kind('a', sourceVersion, sourceMode), kind('b', targetVersion, targetMode))
    expect(findings.map((finding) => finding.code)).toEqual(codes)
    for (const finding of findings) if (finding.level === 'fatal') expect(finding.remedy).toBeTruthy()
  })
})

describe('known errors of StarRocks', () => {
  const codes = (source: ClusterKind, target: ClusterKind) => checkPatches(source, target).map((f) => f.code)

  test('a current pair has none', () => {
    const certain = (source: ClusterKind, target: ClusterKind) =>
      checkPatches(source, target).filter(({ level }) => level !== 'info')
    expect(certain(kind('a', '3.5.15'), kind('b', '3.5.16'))).toEqual([])
    expect(certain(kind('a', '4.1.0'), kind('b', '4.1.0', SD))).toEqual([])
  })
  test('what is not known of a line is said to be unknown, neither free of it nor not', () => {
    const about = (source: ClusterKind, target: ClusterKind, code: string) =>
      checkPatches(source, target).find((finding) => finding.code === code)
    expect(about(kind('a', '3.5.16'), kind('b', '3.4.9', SD), 'bug-publish-stuck')).toMatchObject({
      level: 'info',
      message: expect.stringContaining('it is not known'),
    })
    expect(about(kind('a', '3.3.9'), kind('b', '3.5.16'), 'bug-replica-snapshots-differ')?.level).toBe('info')
    expect(about(kind('a', '3.5.1'), kind('b', '3.5.16'), 'bug-replica-snapshots-differ')).toBeUndefined()
    expect(about(kind('a', '3.5.14'), kind('b', '3.5.16'), 'bug-restored-data-version')?.level).toBe('warning')
    expect(about(kind('a', '3.5.15'), kind('b', '3.5.16'), 'bug-restored-data-version')).toBeUndefined()
  })
  test('the remedy for stuck publishes is one that helps', () => {
    const bug = checkPatches(kind('a', '3.5.16'), kind('b', '3.3.15', SD)).find((f) => f.code === 'bug-publish-stuck')
    expect(bug?.remedy).toContain('Set settings.targetCompaction to off')
    expect(bug?.remedy).not.toContain('Leave')
  })
  test('each line has its own first good patch', () => {
    expect(codes(kind('a', '3.1.14'), kind('b', '3.1.16'))).toContain('bug-delete-predicates-crash')
    expect(codes(kind('a', '3.1.14'), kind('b', '3.1.17'))).not.toContain('bug-delete-predicates-crash')
    expect(codes(kind('a', '3.1.14'), kind('b', '3.3.7'))).toContain('bug-delete-predicates-crash')
    expect(codes(kind('a', '3.1.14'), kind('b', '3.3.8'))).not.toContain('bug-delete-predicates-crash')
    expect(codes(kind('a', '3.1.14'), kind('b', '3.4.7'))).toContain('bug-max-version-lock')
  })
  test('a line that never got the fix is told the next that did', () => {
    const bug = checkPatches(kind('a', '3.1.14'), kind('b', '3.2.13')).find(
      (f) => f.code === 'bug-partition-drop-crash',
    )
    expect(bug?.remedy).toContain('3.3.8')
  })
  test('the source is looked at too, from the version that brought the error', () => {
    expect(codes(kind('a', '3.3.3'), kind('b', '3.5.16'))).toContain('bug-wrong-data-version')
    expect(codes(kind('a', '3.3.1'), kind('b', '3.5.16'))).not.toContain('bug-wrong-data-version')
  })
  test('what only shared data has is not said of shared nothing', () => {
    expect(codes(kind('a', '3.1.14'), kind('b', '3.3.18', SD))).toContain('bug-publish-stuck')
    expect(codes(kind('a', '3.1.14'), kind('b', '3.3.18'))).not.toContain('bug-publish-stuck')
  })
})
