import { type Address, mapAddress, sameAddress } from '../address-map.ts'
import type { StarRocksCluster } from '../cluster.ts'
import { classify } from '../errors/classify.ts'
import { StarRocksError } from '../errors/starrocks-error.ts'
import { type HttpAnswer, type HttpOptions, httpRequest } from './request.ts'

const maxRedirects = 3

/**
 * Cancels the transaction with this label, and with it the replication job that watches it:
 * `POST /api/<db>/<label>/_cancel?label=<label>` (the path alone does not do from 3.5 on). Followers redirect to the leader.
 * The answer's body decides: refusals come with status 200.
 *
 * Errors: `NotFound` when no transaction with this label can be cancelled any more (also when it is visible already);
 * `Denied`; `Unreachable`; `OutcomeUnknown`.
 */
export async function cancelLoad(
  cluster: Pick<StarRocksCluster, 'leader' | 'frontends' | 'options'>,
  database: string,
  label: string,
  options: HttpOptions = {},
): Promise<void> {
  const path = `/api/${encodeURIComponent(database)}/${encodeURIComponent(label)}/_cancel?label=${encodeURIComponent(label)}`
  const { user, password } = cluster.options
  const leader = await cluster.leader()
  let address: Address = { host: leader.host, port: leader.httpPort }
  for (let hops = 0; ; hops++) {
    const answer = await httpRequest({ ...options, method: 'POST', address, path, login: `${user}:${password}` })
    if (answer.status < 300 || answer.status >= 400) return readVerdict(answer, label, password)
    if (hops >= maxRedirects)
      throw new StarRocksError({
        kind: 'NotLeader',
        detail: 'The frontends redirect to one another',
        retryAfterMs: 2_000,
      })
    address = await redirected(cluster, answer)
  }
}

/**
 * Where a redirect leads, mapped. Only to frontends of this cluster: the password goes along. The URL itself is never repeated, for
 * frontends write the login into it.
 */
async function redirected(
  cluster: Pick<StarRocksCluster, 'frontends' | 'options'>,
  answer: HttpAnswer,
): Promise<Address> {
  const url = URL.canParse(answer.location ?? '') ? new URL(answer.location ?? '') : undefined
  if (url?.protocol !== 'http:') {
    throw new StarRocksError({
      kind: 'UnexpectedAnswer',
      detail: `The frontend answered with status ${answer.status} but leads nowhere`,
    })
  }
  const printed = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 80) }
  for (const frontend of await cluster.frontends()) {
    const own = { host: frontend.host, port: frontend.httpPort }
    if (
      sameAddress(printed, { host: frontend.printed.host, port: frontend.printed.httpPort }) ||
      sameAddress(printed, own)
    )
      return own
  }
  const mapped = mapAddress(cluster.options.addressMap, printed.host, printed.port)
  if (!sameAddress(mapped, printed)) return mapped
  throw new StarRocksError({
    kind: 'UnexpectedAnswer',
    detail: `The frontend redirects to ${printed.host}:${printed.port}, which SHOW FRONTENDS does not know`,
    remedy: 'Map this host in the address map if it is one of the frontends',
  })
}

function readVerdict({ status, body }: HttpAnswer, label: string, password: string): void {
  const verdict = readJson(body)
  const said = String(verdict?.status ?? verdict?.Status ?? '').toUpperCase()
  if (status === 200 && said === 'OK') return
  const text = String(verdict?.msg ?? verdict?.message ?? verdict?.Message ?? '').trim() || `HTTP status ${status}`
  const known = classify(text, { source: 'http', secrets: [password] })
  if (status === 401 || status === 403) {
    throw new StarRocksError({
      kind: 'Denied',
      detail: known.detail,
      remedy: 'Check the user and the password of this cluster',
    })
  }
  throw new StarRocksError({
    kind: known.kind,
    detail: `Cannot cancel ${label}: ${known.detail}`,
    remedy: known.remedy,
    retryAfterMs: known.retryAfterMs,
  })
}

function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
