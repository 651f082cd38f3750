import { heardBy } from '../data/index.ts'
import type { LabNode, LabState } from '../model.ts'
import { findTablet } from '../replication/registry.ts'
import type { HttpHandler } from './http-server.ts'

const META = '/api/meta/header/'

/**
 * The HTTP port of a backend or compute node. Its download handler checks the token before the path, and says both with HTTP 200.
 * A node that is down answers nothing. `isSilent`: nor does it answer this path.
 */
export function nodeHttp(state: LabState, node: LabNode, isSilent: (path: string) => boolean): HttpHandler {
  return (_request, url) => {
    if (!node.alive || isSilent(url.pathname)) return undefined
    if (url.pathname === '/api/health') return { status: 200, body: '{"status": "OK","msg": "To Be Added"}' }
    if (url.pathname.startsWith(META)) return tabletMeta(state, node, url.pathname.slice(META.length))
    if (url.pathname !== '/api/_tablet/_download') return { status: 404, body: 'Not Found' }
    const token = url.searchParams.get('token')
    if (token === null || token === '') return { status: 200, body: 'token is not specified.' }
    if (token !== state.token) return { status: 200, body: 'invalid token.' }
    const file = url.searchParams.get('file')
    if (!file) return { status: 200, body: 'parameter file not specified in url.' }
    return { status: 200, body: `file path is not allowed: ${file}` }
  }
}

/** What a backend tells of a tablet (meta_action.cpp): its TabletMeta as JSON, of which only the columns are of interest here. */
function tabletMeta(state: LabState, node: LabNode, id: string) {
  const place = /^\d+$/.test(id) ? findTablet(state, BigInt(id)) : undefined
  const index = place?.table.indexes.find((one) => one.id === place.indexId)
  if (!place || !index || !place.tablet.replicas.some(({ backendId }) => backendId === node.id)) {
    return { status: 200, body: 'no tablet exist' }
  }
  const { columns, schemaVersion } = heardBy(index, place.physical, place.tablet)
  const schema = {
    keys_type: index.keysType,
    column: columns.map(({ name, uniqueId }) => ({ unique_id: uniqueId, name })),
    schema_version: schemaVersion,
  }
  return { status: 200, body: JSON.stringify({ tablet_id: Number(id), schema }, null, 4) }
}
