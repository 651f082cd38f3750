import {
  type BackupSpec,
  type BackupSpecInput,
  backupSpecSchema,
  type PolicySpecInput,
  policySchema,
} from '../contract/backup/policy.ts'
import { check, InputError } from '../contract/check.ts'
import { namesNothing, objectProblems } from '../planning/backup/object-problems.ts'
import { amended, defined, mapping, requireFlags } from './mapping.ts'

/** What `backup run` takes as flags; repeatable ones as lists. */
export interface BackupFlags {
  name?: string
  cluster?: string
  repository?: string
  database?: string[]
  table?: string[]
  exclude?: string[]
  partition?: string[]
  newestPartitions?: number
  closedPartitions?: boolean
  partitionOfDay?: number
  materializedViews?: 'data' | 'definition' | 'none'
  views?: boolean
  functions?: boolean
  function?: string[]
  only?: string[]
  catalog?: string[]
  incremental?: boolean | string
  parallel?: number
  timeout?: number
  ignore?: string[]
}

/** A backup as it was asked for: by flags, or by a file that flags amend. Errors: InputError. */
export function backupSpecOf(file: string | undefined, flags: BackupFlags): BackupSpecInput | PolicySpecInput {
  const raw = file === undefined ? {} : mapping(file)
  const amended = amend(raw, flags)
  const what = file ?? 'backup run'
  if (file === undefined) requireFlags(what, { '--cluster': flags.cluster, '--repository': flags.repository })
  if ('schedule' in raw) {
    checkObjects(check(policySchema, amended, what), what)
    return amended as PolicySpecInput
  }
  const spec = check(backupSpecSchema, amended, what)
  if (file === undefined && namesNothing(spec.objects)) {
    throw new InputError(what, [
      'says not what to back up: give --database, --table, --function or --catalog (globs are fine)',
    ])
  }
  checkObjects(spec, what)
  return amended as BackupSpecInput
}

function amend(raw: Record<string, unknown>, flags: BackupFlags): Record<string, unknown> {
  const cluster = flags.cluster ?? raw.cluster
  // A policy has a name of its own.
  const name = typeof cluster === 'string' && !('schedule' in raw) ? `manual-${cluster}` : undefined
  return defined({
    ...raw,
    name: flags.name ?? raw.name ?? name,
    cluster,
    repository: flags.repository ?? raw.repository,
    objects: amended(raw.objects, (given) => amendObjects(given, flags)),
    incremental: typeof flags.incremental === 'string' ? flags.incremental : raw.incremental,
    parallelDatabases: flags.parallel ?? raw.parallelDatabases,
    timeout: flags.timeout ?? raw.timeout,
    ignore: flags.ignore ?? raw.ignore,
  })
}

function amendObjects(given: Record<string, unknown>, flags: BackupFlags): Record<string, unknown> {
  return defined({
    ...given,
    databases: flags.database ?? given.databases,
    tables: flags.table ?? given.tables,
    exclude: flags.exclude ?? given.exclude,
    catalogs: flags.catalog ?? given.catalogs,
    materializedViews: flags.materializedViews ?? given.materializedViews,
    views: flags.views === false ? false : given.views,
    functions: flags.functions === false ? false : (flags.function ?? given.functions),
    only: flags.only ?? given.only,
    partitions: partitionsOf(flags) ?? given.partitions,
  })
}

function partitionsOf(flags: BackupFlags): object | undefined {
  const filter = defined({
    names: flags.partition,
    newest: flags.newestPartitions,
    closed: flags.closedPartitions,
    ofDay: flags.partitionOfDay,
  })
  return Object.keys(filter).length > 0 ? filter : undefined
}

function checkObjects({ objects }: BackupSpec, what: string): void {
  const problems = objectProblems(objects)
  if (problems.length > 0) throw new InputError(what, problems)
}
