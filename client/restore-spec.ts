import { randomUUID } from 'node:crypto'
import { type RestoreSpec, type RestoreSpecInput, restoreSpecSchema } from '../contract/backup/restore-spec.ts'
import { check, InputError } from '../contract/check.ts'
import { defined, mapping } from './backup-spec.ts'

/** What `restore run` and `restore plan` take as flags. */
export interface RestoreFlags {
  name?: string
  cluster?: string
  repository?: string
  label?: string
  asOf?: string
  fromCluster?: string
  policy?: string
  database?: string
  table?: string[]
  partition?: string[]
  materializedView?: string[]
  view?: string[]
  function?: string[]
  catalog?: string[]
  as?: string
  renameTable?: string[]
  renameCatalog?: string[]
  aside?: boolean
  inPlace?: boolean
  publish?: 'ask' | 'auto' | 'never'
  dropReplaced?: boolean
  replicationNumber?: number
  verify?: boolean
  ignore?: string[]
  timeout?: number
}

/** A restore as it was asked for, checked. Errors: InputError. */
export function restoreSpecOf(
  file: string | undefined,
  flags: RestoreFlags,
): { input: RestoreSpecInput; spec: RestoreSpec } {
  const raw = file === undefined ? {} : mapping(file)
  const what = file ?? 'restore'
  if (flags.aside && flags.inPlace) throw new InputError(what, ['give --aside or --in-place, not both'])
  const given = (raw.from ?? {}) as Record<string, unknown>
  const rename = (raw.rename ?? {}) as Record<string, unknown>
  const input = defined({
    ...raw,
    name: flags.name ?? raw.name ?? defaultName(flags),
    cluster: flags.cluster ?? raw.cluster,
    repository: flags.repository ?? raw.repository,
    from: defined({
      ...given,
      label: flags.label ?? given.label,
      asOf: flags.asOf === undefined ? given.asOf : instant(flags.asOf),
      cluster: flags.fromCluster ?? given.cluster,
      database: flags.database ?? given.database,
      policy: flags.policy ?? given.policy,
    }),
    tables: flags.table ?? raw.tables,
    partitions: flags.partition === undefined ? raw.partitions : partitionsOf(flags.partition),
    materializedViews: flags.materializedView ?? raw.materializedViews,
    views: flags.view ?? raw.views,
    functions: flags.function ?? raw.functions,
    catalogs: flags.catalog ?? raw.catalogs,
    rename: defined({
      ...rename,
      database: flags.as ?? rename.database,
      tables: pairs('--rename-table', flags.renameTable) ?? rename.tables,
      catalogs: pairs('--rename-catalog', flags.renameCatalog) ?? rename.catalogs,
    }),
    mode: flags.inPlace ? 'in-place' : flags.aside ? 'aside' : raw.mode,
    publish: flags.publish ?? raw.publish,
    replaced: flags.dropReplaced ? 'drop' : raw.replaced,
    replicationNumber: flags.replicationNumber ?? raw.replicationNumber,
    verify: flags.verify === false ? 'off' : raw.verify,
    timeout: flags.timeout ?? raw.timeout,
    ignore: flags.ignore ?? raw.ignore,
  }) as RestoreSpecInput
  const spec = check(restoreSpecSchema, input, what)
  const { from } = spec
  if (!from.label && !from.database && spec.catalogs.length === 0)
    throw new InputError(what, ['says not what to restore: give --database, --label or --catalog'])
  return { input, spec }
}

function defaultName(flags: RestoreFlags): string {
  const what = (flags.database ?? flags.label ?? 'catalogs').replaceAll(/[^A-Za-z0-9_.-]/g, '-').slice(0, 40)
  return `${/^[A-Za-z0-9]/.test(what) ? what : `r${what}`}-${randomUUID().slice(0, 6)}`
}

/** A time as people write it; without a zone it is UTC. */
function instant(text: string): string {
  const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(text)
    ? `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`
    : text
  const date = new Date(iso)
  if (Number.isNaN(date.getTime()))
    throw new InputError('--as-of', [`'${text}' is no time; write it like 2026-11-20T18:00:00Z`])
  return date.toISOString()
}

/** `table=p1,p2` */
function partitionsOf(texts: readonly string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const text of texts) {
    const [table, names] = split('--partition', text, 'table=partition,partition')
    found[table] = [...(found[table] ?? []), ...names.split(',').map((name) => name.trim())]
  }
  return found
}

/** `old=new` */
function pairs(flag: string, texts: readonly string[] | undefined): Record<string, string> | undefined {
  if (texts === undefined) return undefined
  return Object.fromEntries(texts.map((text) => split(flag, text, 'old=new')))
}

function split(flag: string, text: string, form: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InputError(flag, [`'${text}' is not of the form ${form}`])
  return [text.slice(0, at), text.slice(at + 1)]
}
