import type { Address } from '../address-map.ts'
import { StarRocksError } from '../errors/starrocks-error.ts'
import { type HttpOptions, httpRequest } from './request.ts'

/**
 * The StarOS service id of a shared-data cluster (≥ 4.1): GET /service_id of a frontend's http_port.
 * Errors: `Unsupported` on shared-nothing clusters and older versions; `Unreachable`.
 */
export async function serviceId(frontend: Address, options: HttpOptions = {}): Promise<string> {
  const { status, body } = await httpRequest({ ...options, method: 'GET', address: frontend, path: '/service_id' })
  const id = status === 200 ? /"service_id"\s*:\s*"([^"]+)"/.exec(body)?.[1] : undefined
  if (id !== undefined) return id
  throw new StarRocksError({
    kind: status === 200 || status === 404 ? 'Unsupported' : 'Unknown',
    detail: `The frontend at ${frontend.host}:${frontend.port} gives no service id (HTTP status ${status}: ${body.trim().slice(0, 200)})`,
    remedy: 'Only shared-data clusters from 4.1 on have one',
  })
}
