import type { MigrationSpec } from '../../contract/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'

/** A frontend that leaves one row waiting for so long is not there. */
const ANSWER_MS = 10_000

/** Which of a migration's clusters do not answer even the smallest question, and why; undefined when both do. */
export async function whyUnreachable(deps: Dependencies, spec: MigrationSpec): Promise<string | undefined> {
  const reasons = await Promise.all(
    [spec.source, spec.target].map(async (name) => {
      const { cluster } = deps.cluster(name)
      try {
        await cluster.query('SHOW FRONTENDS', { urgent: true, signal: AbortSignal.timeout(ANSWER_MS) })
        return []
      } catch (error) {
        const why = error instanceof StarRocksError ? error.detail : `no answer within ${ANSWER_MS / 1000} s`
        return [`${name} cannot be reached: ${why}`]
      }
    }),
  )
  const found = reasons.flat()
  return found.length === 0 ? undefined : found.join('; ')
}
