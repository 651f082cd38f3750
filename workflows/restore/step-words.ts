import type { StepKind } from '../../planning/restore/restore-basis.ts'

const WORDS: Record<StepKind, string> = {
  'create-database': 'make a database',
  clear: 'drop partitions that are in the way',
  restore: 'restore a snapshot',
  'create-tables': 'make tables that had no partitions',
  backup: 'back up assembled tables, to move them',
  'restore-again': 'restore them beside the live tables',
  verify: 'compare with the record',
  ask: 'wait until it may be published',
  swap: 'swap restored and live tables',
  'rename-tables': 'give restored tables their names',
  'rename-database': 'rename databases',
  overwrite: 'overwrite partitions',
  views: 'make views',
  tend: 'grants, colocate groups, dynamic partitions',
  replaced: 'put aside what was replaced',
  'materialized-views': 'activate and refresh materialized views',
  'drop-database': 'remove the scratch database',
  'delete-snapshot': 'delete the snapshots that moved tables',
}

/** What a step does, for people. */
export const stepWords = (kind: StepKind): string => WORDS[kind]
