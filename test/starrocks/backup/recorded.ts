import { readFileSync } from 'node:fs'
import { parseVersion, type ResultSet, resultSet, type Version } from '../../../starrocks/index.ts'

export const releases = ['3.1', '3.3', '3.5', '4.1'] as const
export type Release = (typeof releases)[number]

/** Versions as the recorded frontends were. */
export const versionOf: Readonly<Record<Release, Version>> = {
  '3.1': parseVersion('3.1.14-4c94dd1'),
  '3.3': parseVersion('3.3.3-d0db2c0'),
  '3.5': parseVersion('3.5-d6ff11f'),
  '4.1': parseVersion('4.1-ad83983'),
}

export interface Recorded {
  /** Statements that the frontend took. */
  accepted: string[]
  refused: { statement: string; errno?: number; message: string }[]
  answers: Record<'BACKUP' | 'RESTORE' | 'SNAPSHOT' | 'SNAPSHOT5' | 'REPOSITORIES', Answer>
}

interface Answer {
  columns: string[]
  rows: (string | null)[][]
}

export function recorded(release: Release): Recorded {
  const file = new URL(`../../fixtures/backup-statements/${release}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded
}

export function answer(release: Release, kind: keyof Recorded['answers']): ResultSet {
  const { columns, rows } = recorded(release).answers[kind]
  return resultSet(columns, rows)
}
