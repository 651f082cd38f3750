import { describe, expect, test } from 'vitest'
import { migrationSpecSchema } from '../../contract/index.ts'
import type { ClusterKind } from '../../planning/preflight-pairs.ts'
import { checkSettings, needsCompactionOff, settingsToChange } from '../../planning/preflight-settings.ts'
import { parseVersion } from '../../starrocks/version.ts'

const spec = (settings: Record<string, string> = {}) =>
  migrationSpecSchema.parse({ name: 'm', source: 'a', target: 'b', settings })
const kind = (name: string, version: string, runMode: ClusterKind['runMode'] = 'shared_nothing'): ClusterKind => ({
  name,
  version: parseVersion(version),
  runMode,
})
const legacy = (settings: Record<string, string>, now: string | undefined, narrowSums: number) => {
  const findings = checkSettings(spec(settings), kind('a', '3.1.14'), kind('b', '3.5.7'), { narrowSums }, (key) =>
    key === 'enable_legacy_compatibility_for_replication' ? now : undefined,
  )
  return {
    codes: findings.map((f) => `${f.level} ${f.code}`),
    changes: settingsToChange(findings).map(({ key, value }) => `${key}=${value}`),
  }
}

describe('settings of the target', () => {
  test.each([
    ['auto', 'false', 1, ['info setting-legacy-compatibility'], ['enable_legacy_compatibility_for_replication=true']],
    // Leased too: whoever switched it on may switch it off again before this migration ends.
    ['auto', 'true', 1, ['info setting-legacy-compatibility'], ['enable_legacy_compatibility_for_replication=true']],
    ['auto', 'false', 0, [], []],
    ['on', 'false', 0, ['info setting-legacy-compatibility'], ['enable_legacy_compatibility_for_replication=true']],
    ['keep', 'false', 1, ['fatal setting-legacy-compatibility-needed'], []],
    ['keep', 'true', 1, [], []],
    ['auto', undefined, 1, ['warning setting-legacy-compatibility-needed'], []],
  ])('legacyCompatibility %s, now %s, %i tables need it: %j', (choice, now, tables, codes, changes) => {
    expect(legacy({ legacyCompatibility: choice }, now, tables)).toEqual({ codes, changes })
  })

  test('switched off by the spec although it is needed: fatal, and nothing is changed', () => {
    for (const now of ['true', 'false']) {
      expect(legacy({ legacyCompatibility: 'off' }, now, 2)).toEqual({
        codes: ['fatal setting-legacy-compatibility-needed'],
        changes: [],
      })
    }
  })

  test.each([
    ['3.3.10', 'shared_data', 'shared_nothing', true],
    ['3.3.11', 'shared_data', 'shared_nothing', false],
    ['3.4.0', 'shared_data', 'shared_nothing', true],
    ['3.4.1', 'shared_data', 'shared_nothing', false],
    ['3.2.9', 'shared_data', 'shared_nothing', true],
    ['4.1.0', 'shared_data', 'shared_nothing', false],
    ['4.1.0', 'shared_data', 'shared_data', true],
    ['3.2.9', 'shared_nothing', 'shared_nothing', false],
  ] as const)('compaction on a %s %s target from a %s source must be off: %s', (version, mode, from, off) => {
    expect(needsCompactionOff(kind('a', '4.1.0', from), kind('b', version, mode))).toBe(off)
  })
})
