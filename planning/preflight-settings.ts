import type { Finding, WantedSetting } from '../contract/findings.ts'
import type { MigrationSpec } from '../contract/migration-spec.ts'
import { atLeast, type ClusterKind } from './preflight-pairs.ts'

export const LEGACY_COMPATIBILITY = 'enable_legacy_compatibility_for_replication'
export const LAKE_COMPACTION = 'lake_compaction_max_tasks'

/** Findings by which the preflight tells the workflow what to lease. */
const CODES = { [LEGACY_COMPATIBILITY]: 'setting-legacy-compatibility', [LAKE_COMPACTION]: 'setting-target-compaction' }

export interface SettingNeeds {
  /** Source tables with a SUM over a DECIMAL of less than 38 digits, which newer versions widen. */
  narrowSums: number
}

/** Whether compaction on a shared-data target would overtake the source: versions are compared before 3.3.11 / 3.4.1 including compactions. */
export function needsCompactionOff(source: ClusterKind, target: ClusterKind): boolean {
  if (target.runMode !== 'shared_data') return false
  if (source.runMode === 'shared_data') return true
  const { version } = target
  if (!version.known) return false
  if (version.major === 3 && version.minor === 3) return !atLeast(version, 3, 3, 11)
  return !atLeast(version, 3, 4, 1)
}

/** Findings about the settings of the target: what will be changed, or what the spec forbids although it is needed. */
export function checkSettings(
  spec: Pick<MigrationSpec, 'settings'>,
  source: ClusterKind,
  target: ClusterKind,
  needs: SettingNeeds,
  present: (key: string) => string | undefined,
): Finding[] {
  const { legacyCompatibility, targetCompaction } = spec.settings
  return [
    ...one(target, LEGACY_COMPATIBILITY, 'true', legacyCompatibility, present, {
      needed: needs.narrowSums > 0,
      on: 'true',
      off: 'false',
      why: `${needs.narrowSums} source tables have a SUM over a DECIMAL of less than 38 digits, which the target would widen`,
    }),
    ...(target.runMode === 'shared_data'
      ? one(target, LAKE_COMPACTION, '0', targetCompaction, present, {
          needed: needsCompactionOff(source, target),
          on: undefined,
          off: '0',
          why:
            source.runMode === 'shared_data'
              ? 'compaction on the target disturbs replication between shared-data clusters'
              : `compaction would let the target's versions overtake the source's before 3.3.11 and 3.4.1`,
        })
      : []),
  ]
}

interface Rule {
  needed: boolean
  /** Values that the spec's `on` and `off` stand for; undefined: nothing to set. */
  on: string | undefined
  off: string | undefined
  why: string
}

function one(
  target: ClusterKind,
  key: keyof typeof CODES,
  wanted: string,
  choice: MigrationSpec['settings']['legacyCompatibility'],
  present: (key: string) => string | undefined,
  rule: Rule,
): Finding[] {
  const now = present(key)
  const value = choice === 'auto' ? (rule.needed ? wanted : undefined) : choice === 'keep' ? undefined : rule[choice]
  // Switched off by the spec although it is needed.
  const forbidden = rule.needed && value !== undefined && value !== wanted
  // Also when it has the value already: another migration may have leased it, and put it back before this one ends.
  if (value !== undefined && !forbidden && now !== undefined) {
    const what = now === value ? `stays ${value}` : `is ${now} and becomes ${value}`
    return [
      {
        code: CODES[key],
        level: 'info',
        subject: target.name,
        message: `${key} of ${target.name} ${what} while the migration runs: ${rule.needed ? rule.why : 'the spec says so'}`,
      },
    ]
  }
  if (!rule.needed || (now === wanted && !forbidden)) return []
  return [
    {
      code: `${CODES[key]}-needed`,
      level: now === undefined ? 'warning' : 'fatal',
      subject: target.name,
      message:
        now === undefined
          ? `${target.name} has no setting ${key}, although ${rule.why}`
          : `${key} of ${target.name} is ${value ?? now} and must be ${wanted}: ${rule.why}`,
      remedy:
        now === undefined
          ? 'Upgrade the target'
          : `Leave settings.${key === LAKE_COMPACTION ? 'targetCompaction' : 'legacyCompatibility'} at auto, or set ${key} to ${wanted} yourself`,
    },
  ]
}

/** What the migration leases on the target, as its preflight found. */
export function settingsToChange(findings: readonly Finding[]): WantedSetting[] {
  return findings.flatMap((finding) => {
    const key = (Object.keys(CODES) as (keyof typeof CODES)[]).find((one) => CODES[one] === finding.code)
    const value = key && / (?:becomes|stays) (\S+) while /.exec(finding.message)?.[1]
    return key && value ? [{ key, value, reason: finding.message }] : []
  })
}
