import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What real frontends left in a repository called s3_repo. */
export interface Recorded {
  /** Keys below the location, with sizes. */
  tree: [key: string, size: number][]
  /** Texts of the manifests of that tree. */
  manifests: Record<string, string>
  /** Manifests of one database by kind of backup. */
  kinds?: Record<string, string>
}

export const VERSIONS = ['3.1', '3.3', '3.5', '4.1'] as const

export function recorded(version: (typeof VERSIONS)[number]): Recorded {
  const file = fileURLToPath(new URL(`../../fixtures/repository/${version}.json`, import.meta.url))
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded
}

/** The text of a manifest by its label. */
export function manifestText(of: Recorded, label: string): string {
  const all = { ...of.manifests, ...of.kinds }
  const key = Object.keys(all).find((key) => key.includes(`__ss_${label}/`))
  const text = key === undefined ? undefined : all[key]
  if (text === undefined) throw new Error(`no manifest of ${label} was recorded`)
  return text
}
