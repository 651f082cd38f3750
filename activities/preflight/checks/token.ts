import type { Finding } from '../../../contract/index.ts'
import { checkToken, mapAddress } from '../../../starrocks/index.ts'
import { explain } from '../connect.ts'
import type { Check } from '../context.ts'

const TRIED = 3

/** The source's cluster token, tried on its backends: their download handler checks it before anything else, without side effects. */
export const checkSourceToken: Check = async ({ source, signal }) => {
  const { side } = source
  // Between shared-data clusters objects are copied from the store: no token.
  if (side.runMode === 'shared_data') return []
  const { token, addressMap } = side.handle
  const where =
    "Read it on a source frontend: grep token fe/meta/image/VERSION, and set `token` of the cluster in the worker's starferry.yaml"
  const about = { subject: side.name }
  if (!token) {
    return [
      {
        ...about,
        code: 'token-missing',
        level: 'fatal',
        message: `The configuration has no cluster token of ${side.name}`,
        remedy: where,
      },
    ]
  }
  const reasons: string[] = []
  for (const node of source.backends.filter((backend) => backend.alive).slice(0, TRIED)) {
    const address = mapAddress(addressMap, node.host, node.httpPort)
    try {
      const answer = await checkToken(address, token, { timeoutMs: 5_000, signal })
      if (answer.verdict === 'right') return []
      if (answer.verdict === 'wrong') {
        const finding: Finding = {
          ...about,
          code: 'token-wrong',
          level: 'fatal',
          message: `The backends of ${side.name} do not take the configured cluster token`,
          remedy: where,
        }
        return [finding]
      }
      reasons.push(`${address.host}: ${answer.answer}`)
    } catch (error) {
      signal?.throwIfAborted()
      reasons.push(explain(error))
    }
  }
  return [
    {
      ...about,
      code: 'token-unchecked',
      level: 'warning',
      message: `The cluster token of ${side.name} could not be tried: ${reasons.join('; ') || 'no backend is alive'}`,
      remedy: 'Make sure of it: with a wrong token every job is aborted with “Source snapshots is empty”',
    },
  ]
}
