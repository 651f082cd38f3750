import type { MigrationStatus } from '../contract/migration-api.ts'

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** A size for people, in powers of 1024 as StarRocks counts. */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** The status as markdown, for a workflow's current details in the Temporal UI. */
export function statusMarkdown(status: MigrationStatus): string {
  const { tables, bytes, slots, partitions, jobs } = status
  const percent = Math.floor(status.progress * 10_000) / 100
  const lines = [
    `**${status.state}**${status.reason ? `: ${status.reason}` : ''}`,
    '',
    `${percent} % of ${partitions.total} partitions confirmed, ${partitions.lagging} lag${partitions.unknown > 0 ? `, ${partitions.unknown} unknown` : ''}${partitions.surplus > 0 ? `, ${partitions.surplus} only on the target` : ''}`,
    '',
    `Tables: ${tables.finished} of ${tables.total} finished, ${tables.expired} behind, ${tables.parked} parked, ${slots.used} of ${slots.limit} slots used, ${jobs.running + jobs.sent} jobs`,
    '',
    `${sizeText(bytes.copied)} copied, ${sizeText(bytes.toCopy)} to copy, ${sizeText(bytes.perSecond)}/s`,
  ]
  if (status.secondsLeft !== undefined) lines.push('', `About ${Math.ceil(status.secondsLeft / 60)} min left`)
  if (status.lagSeconds !== undefined) lines.push('', `Behind by ${status.lagSeconds} s`)
  if (status.reasons.length > 0) {
    lines.push('', ...status.reasons.map(({ reason, tables: count }) => `- ${count} × ${reason}`))
  }
  return lines.join('\n')
}
