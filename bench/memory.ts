import { readFileSync } from 'node:fs'

/** Peak resident memory of a process in MiB, from the kernel where it tells (Linux), else what Node knows of this process. */
export function peakResidentMiB(pid: number = process.pid): number {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    if (line?.[1]) return Number(line[1]) / 1024
  } catch {
    // no /proc here
  }
  return process.resourceUsage().maxRSS / 1024
}

/** Resident memory of a process now, in MiB. */
export function residentMiB(pid: number = process.pid): number {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    if (line?.[1]) return Number(line[1]) / 1024
  } catch {
    // no /proc here
  }
  return process.memoryUsage.rss() / 1024 ** 2
}
