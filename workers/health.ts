import type { Endpoint } from './http-endpoints.ts'

export type WorkerPhase = 'waiting for Temporal' | 'starting' | 'running' | 'draining' | 'stopped'

/** What the process is at, as `/readyz` tells it. */
export interface Health {
  phase: WorkerPhase
  /** Why it waits. */
  detail?: string
}

const json = (status: number, value: object) => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
})

/** `/healthz`: the process lives. `/readyz`: it takes work; 503 while it waits for Temporal or drains. */
export function healthEndpoints(health: Health): Record<string, Endpoint> {
  return {
    '/healthz': async () => json(200, { ok: true }),
    '/readyz': async () => json(health.phase === 'running' ? 200 : 503, { ok: health.phase === 'running', ...health }),
  }
}
