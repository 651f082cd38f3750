import type { ChildProcess } from 'node:child_process'

/** Ends a child and waits until it is gone; one that has not ended after `insistMs` is killed. */
export async function endProcess(
  child: ChildProcess | undefined,
  signal: 'SIGTERM' | 'SIGKILL',
  insistMs: number,
): Promise<void> {
  if (isGone(child)) return
  const ended = exitOf(child)
  child.kill(signal)
  const insist = setTimeout(() => child.kill('SIGKILL'), insistMs)
  await ended
  clearTimeout(insist)
}

/** When a child is gone; at once where there is none. */
export async function exitOf(child: ChildProcess | undefined): Promise<void> {
  if (isGone(child)) return
  await new Promise<void>((resolve) => child.once('exit', () => resolve()))
}

/** Whether there is no such process, or no longer. */
export const isGone = (child: ChildProcess | undefined): child is undefined =>
  !child?.pid || child.exitCode !== null || child.signalCode !== null
