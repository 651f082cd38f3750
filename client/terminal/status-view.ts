import type { MigrationState, MigrationStatus } from '../../contract/migration-api.ts'
import { bar } from './bar.ts'
import { formatBytes, formatCount, formatRatio, formatSeconds, plural } from './format.ts'
import { clip, printable, type Style } from './style.ts'

/** A migration's status as lines of at most `columns` columns. */
export function statusView(status: MigrationStatus, style: Style, columns: number, now = Date.now()): string[] {
  const { tables, partitions, jobs, slots } = status
  const lines = [
    `${style.bold(status.name)}  ${paintState(status.state, style)}  ${style.dim(`${status.source} → ${status.target}`)}`,
  ]
  if (status.reason) lines.push(`  ${style.yellow(clip(printable(status.reason), columns - 2))}`)
  lines.push(
    `  ${bar(status.progress, 32, style)} ${style.bold(formatRatio(status.progress).padStart(6))}  ${
      partitions.total > 0
        ? `${formatCount(partitions.total - partitions.lagging - partitions.unknown)} of ${plural(partitions.total, 'partition')}`
        : style.dim('nothing looked at yet')
    }`,
    `  ${style.dim(motion(status))}`,
    ...ages(status, now).map((line) => `  ${line.old ? style.yellow(line.text) : style.dim(line.text)}`),
    '',
    ...packed(
      'tables',
      counts(tables, ['total', 'finished', 'unfinished', 'expired', 'parked', 'refused']),
      style,
      columns,
    ),
    ...packed(
      '',
      [
        `finishedTableRatio ${formatRatio(status.finishedTableRatio)}`,
        `expiredTableRatio ${formatRatio(status.expiredTableRatio)}`,
      ],
      style,
      columns,
    ),
    ...packed(
      'jobs',
      counts(jobs, ['total', 'ddlPending', 'jobPending', 'sent', 'running', 'finished', 'failed', 'unknown']),
      style,
      columns,
    ),
    row('slots', `${slots.used} of ${slots.limit} used`, style),
  )
  if (partitions.surplus > 0)
    lines.push(
      row('surplus', style.yellow(`${plural(partitions.surplus, 'partition')} with rows only on the target`), style),
    )
  if (partitions.unknown > 0)
    lines.push(
      row('unknown', style.yellow(`${plural(partitions.unknown, 'partition')} whose state cannot be told`), style),
    )
  for (const [i, { reason, tables: count }] of status.reasons.entries()) {
    lines.push(
      row(i === 0 ? 'waiting' : '', clip(`${plural(count, 'table')}: ${printable(reason)}`, columns - 12), style),
    )
  }
  for (const [i, { cluster, key, from, to }] of status.settings.entries()) {
    lines.push(row(i === 0 ? 'settings' : '', clip(`${cluster}: ${key} ${from} → ${to}`, columns - 12), style))
  }
  const findings = status.findings.filter((finding) => finding.level !== 'info')
  for (const [i, finding] of findings.slice(0, 8).entries()) {
    const text = clip(`${printable(finding.subject)}: ${printable(finding.message)}`, columns - 12)
    lines.push(row(i === 0 ? 'findings' : '', finding.level === 'fatal' ? style.red(text) : style.yellow(text), style))
  }
  if (findings.length > 8) lines.push(row('', style.dim(`and ${findings.length - 8} more (--json shows all)`), style))
  return lines
}

/** Looks come more often than that, also where nothing moves; older figures are no figures of now. */
const OLD_MS = 3 * 60_000
const ENDED: ReadonlySet<MigrationState> = new Set(['finished', 'stopped', 'failed'])

/** Of when the figures are. A migration that has ended looks no more. */
function ages(
  { checkedAt, definitionsCheckedAt, state }: MigrationStatus,
  now: number,
): { text: string; old: boolean }[] {
  if (checkedAt === undefined) return []
  const age = now - Date.parse(checkedAt)
  const old = age > OLD_MS && !ENDED.has(state)
  const ago = (at: string) => `${at} (${formatSeconds(Math.max(0, (now - Date.parse(at)) / 1000))} ago)`
  const lines = [{ text: `versions looked at ${ago(checkedAt)}`, old }]
  if (definitionsCheckedAt !== undefined) {
    lines.push({ text: `definitions compared as of ${ago(definitionsCheckedAt)}`, old: false })
  }
  return lines
}

/** The same in one line, where a screen is no terminal. */
export function statusLine(status: MigrationStatus): string {
  const { tables, jobs } = status
  return [
    status.name,
    status.state,
    formatRatio(status.progress),
    `tables ${tables.finished}/${tables.total}, ${tables.expired} expired, ${tables.parked} parked`,
    `running ${jobs.running}, jobPending ${jobs.jobPending}, ddlPending ${jobs.ddlPending}, failed ${jobs.failed}`,
    motion(status),
  ].join('  ')
}

function motion(status: MigrationStatus): string {
  const { bytes } = status
  const parts = [`${formatBytes(bytes.copied)} copied`]
  if (bytes.toCopy > 0) parts.push(`${formatBytes(bytes.toCopy)} to copy`)
  if (bytes.perSecond > 0) parts.push(`${formatBytes(bytes.perSecond)}/s`)
  if (status.secondsLeft !== undefined && status.progress < 1)
    parts.push(`about ${formatSeconds(status.secondsLeft)} left`)
  if (status.lagSeconds !== undefined) parts.push(`lag ${formatSeconds(status.lagSeconds)}`)
  return parts.join('   ')
}

const row = (title: string, text: string, style: Style) => `  ${style.dim(title.padEnd(8))}  ${text}`

function counts<K extends string>(values: Record<K, number>, keys: K[]): string[] {
  return keys.map((key) => `${key} ${formatCount(values[key])}`)
}

/** Parts side by side, on as many rows as they need. */
function packed(title: string, parts: string[], style: Style, columns: number): string[] {
  const rows: string[] = []
  for (const part of parts) {
    const last = rows.at(-1)
    if (last !== undefined && 12 + last.length + 3 + part.length <= columns) rows[rows.length - 1] = `${last}   ${part}`
    else rows.push(part)
  }
  return rows.map((text, i) => row(i === 0 ? title : '', text, style))
}

export function paintState(state: MigrationState | string, style: Style): string {
  if (state === 'failed') return style.red(state)
  if (state === 'finished' || state === 'caughtUp' || state === 'ready') return style.green(state)
  if (['paused', 'pausing', 'stopping', 'stopped', 'undoing', 'cancelling', 'cancelled'].includes(state))
    return style.yellow(state)
  return style.cyan(state)
}
