import type { JobProgress } from '../../contract/backup/backup-api.ts'
import { bar } from './bar.ts'
import { formatBytes, formatCount, formatSeconds } from './format.ts'
import { clip, printable, type Style } from './style.ts'

/** What a job of StarRocks does now: state, tasks and files, bytes, rate, time left, what it waits for. */
export function jobView(job: JobProgress, style: Style, columns: number): string[] {
  const lines = [
    `  ${style.bold(printable(job.database || '(catalogs)'))}  ${job.doing ? style.cyan(printable(job.doing)) : job.state ? style.cyan(job.state) : style.dim('not sent yet')}  ${style.dim(printable(job.label))}`,
  ]
  const parts = motion(job)
  if (job.filesTotal)
    lines.push(
      `    ${bar((job.filesDone ?? 0) / job.filesTotal, 24, style)} ${style.dim(clip(parts.join('   '), columns - 30))}`,
    )
  else if (parts.length > 0) lines.push(`    ${style.dim(clip(parts.join('   '), columns - 4))}`)
  if (job.waiting) lines.push(`    ${style.yellow(clip(`waits: ${printable(job.waiting)}`, columns - 4))}`)
  for (const problem of (job.problems ?? []).slice(0, 3))
    lines.push(`    ${style.yellow(clip(printable(problem), columns - 4))}`)
  return lines
}

/** The same in one line. */
export const jobLine = (job: JobProgress) =>
  [
    job.database || '(catalogs)',
    job.doing || job.state || 'not sent yet',
    ...motion(job),
    job.waiting ? `waits: ${job.waiting}` : '',
  ]
    .filter(Boolean)
    .join('  ')

function motion(job: JobProgress): string[] {
  const parts: string[] = []
  if (job.tasksTotal) parts.push(`${formatCount(job.tasksDone ?? 0)} of ${formatCount(job.tasksTotal)} tasks`)
  if (job.filesTotal) parts.push(`${formatCount(job.filesDone ?? 0)} of ${formatCount(job.filesTotal)} tablets`)
  if (job.bytes) parts.push(formatBytes(job.bytes))
  if (job.rate) parts.push(`${formatBytes(job.rate)}/s`)
  if (job.secondsLeft !== undefined) parts.push(`about ${formatSeconds(job.secondsLeft)} left`)
  return parts
}
