import { readFileSync } from 'node:fs'
import { type DdlObject, type DdlVersion, defaultsOfDesc, type RunMode, readCreate } from '../../starrocks/ddl/index.ts'

/** What one real frontend answered for every object of a corpus. */
export interface Corpus {
  readonly creates: Readonly<Record<string, string>>
  /** Field, Type, Default */
  readonly desc: Readonly<Record<string, readonly (readonly [string, string, string | null])[]>>
  readonly partitions: Readonly<Record<string, readonly Readonly<Record<string, string | null>>[]>>
}

export const lines = ['3.1', '3.3', '3.5', '4.1', '4.1-shared-data'] as const
export type Line = (typeof lines)[number]

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/ddl/${name}.json`, import.meta.url), 'utf8')) as T
}

const corpora = new Map<Line, Corpus>()

export function corpus(line: Line): Corpus {
  const known = corpora.get(line) ?? fixture<Corpus>(line)
  corpora.set(line, known)
  return known
}

export function versionOf(line: string): DdlVersion {
  const [major = '', minor = ''] = line.split('-')[0]?.split('.') ?? []
  return { major: Number(major), minor: Number(minor) }
}

export function modeOf(line: string): RunMode {
  return line.endsWith('shared-data') ? 'shared_data' : 'shared_nothing'
}

export function descDefaults(line: Line, object: string): ReadonlyMap<string, string | null> {
  const rows = corpus(line).desc[object] ?? []
  return defaultsOfDesc(rows.map(([Field, Type, Default]) => ({ Field, Type, Default })))
}

/** The model of an object, read with DESC's defaults as a client would. */
export function readObject(line: Line, object: string): DdlObject {
  const text = corpus(line).creates[object]
  if (text === undefined) throw new Error(`${line} has no ${object}`)
  return readCreate(text, { version: versionOf(line), defaults: descDefaults(line, object) })
}

export function objectsOf(line: Line): string[] {
  return Object.keys(corpus(line).creates)
}
