import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { LabVersion } from '../../lab/index.ts'
import { type KnownDifference, knownDifferences } from './known-differences.ts'
import { type GroupReport, type RecordedGroup, type Recording, runGroup } from './run-group.ts'

const releases = ['3.1', '3.3', '3.5', '4.1', '4.1-shared-data']

const folder = new URL('../fixtures/conformance/', import.meta.url)

/** `3.5.json`, and `3.5-accounts.json` with what else was recorded on that release. */
const recordingsOf = (release: string): Recording[] =>
  readdirSync(folder)
    .filter((file) => file === `${release}.json` || file === `${release}-accounts.json`)
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recording)

const met = new Set<KnownDifference>()

const isKnown = (group: string, statement: string): boolean => {
  const known = knownDifferences.find((k) => k.where.test(group) && k.statement.test(statement))
  if (known) met.add(known)
  return known !== undefined
}

const summary = (title: string, report: GroupReport, unknown: number, group: RecordedGroup): string => {
  const left = Object.entries(group.leftOut).sort((a, b) => b[1] - a[1])
  const total = left.reduce((sum, [, count]) => sum + count, 0)
  const known = report.differences.length - unknown
  return [
    `${title}: ${report.agreed} agree, ${known} known to differ, ${unknown} differ, ${total} left out`,
    ...left.map(([why, count]) => `  ${String(count).padStart(4)} left out: ${why}`),
  ].join('\n')
}

// Every statement that was recorded on a real frontend, in its order, must get the same answer from the lab: columns, rows, refusals.
describe.each(releases)('%s', (release) => {
  const groups = recordingsOf(release).flatMap(({ columns, groups }) => groups.map((group) => ({ columns, group })))
  test.each(groups.map((one) => [one.group.name, one] as const))('%s', async (name, { columns, group }) => {
    const version = release.replace('-shared-data', '') as LabVersion
    const runMode = release.endsWith('shared-data') ? 'shared_data' : 'shared_nothing'
    const report = await runGroup(version, runMode, columns, group)
    const title = `${release} ${name}`
    const unknown = report.differences.filter((d) => !isKnown(title, d.statement))
    console.info(summary(title, report, unknown.length, group))
    const shown = unknown.map((d) => `${d.statement}\n    ${d.difference}`).join('\n')
    expect(shown, 'answers that differ from the real frontend').toBe('')
    expect(report.agreed).toBeGreaterThan(0)
  })
})

afterAll(() => {
  const stale = knownDifferences.filter((known) => !met.has(known)).map((known) => known.why)
  expect(stale, 'known differences that are none any more').toEqual([])
})
