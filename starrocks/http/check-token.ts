import type { Address } from '../address-map.ts'
import { type HttpOptions, httpRequest } from './request.ts'

/**
 * - `right`: the backend took it (or checks none: `enable_token_check=false`).
 * - `wrong`: the backend refused it.
 * - `unclear`: the answer is none of those known, given in `answer`.
 */
export type TokenVerdict = { verdict: 'right' } | { verdict: 'wrong' } | { verdict: 'unclear'; answer: string }

/**
 * Asks a source backend whether it takes the cluster token, without side effects: its download handler checks the token first, and then
 * refuses the path that we ask for (download_action.cpp). `backend`: a backend's http_port (8040 by default), as reached from here.
 * Errors: `Unreachable`.
 */
export async function checkToken(backend: Address, token: string, options: HttpOptions = {}): Promise<TokenVerdict> {
  const path = `/api/_tablet/_download?token=${encodeURIComponent(token)}&type=V2&file=/`
  const { body, status } = await httpRequest({ ...options, method: 'GET', address: backend, path })
  if (/invalid token|token is not specified/i.test(body)) return { verdict: 'wrong' }
  if (/file path is not allowed/i.test(body)) return { verdict: 'right' }
  const answer = `HTTP status ${status}: ${body.trim().slice(0, 200)}`
  return { verdict: 'unclear', answer: token ? answer.replaceAll(token, '******') : answer }
}
