import type { LabNode, LabState } from '../model.ts'
import type { HttpHandler } from './http-server.ts'

/**
 * The HTTP port of a backend or compute node. Its download handler checks the token before the path, and says both with HTTP 200.
 * A node that is down answers nothing.
 */
export function nodeHttp(state: LabState, node: LabNode, isUnreachable: () => boolean): HttpHandler {
  return (_request, url) => {
    if (!node.alive || isUnreachable()) return undefined
    if (url.pathname === '/api/health') return { status: 200, body: '{"status": "OK","msg": "To Be Added"}' }
    if (url.pathname !== '/api/_tablet/_download') return { status: 404, body: 'Not Found' }
    const token = url.searchParams.get('token')
    if (token === null || token === '') return { status: 200, body: 'token is not specified.' }
    if (token !== state.token) return { status: 200, body: 'invalid token.' }
    const file = url.searchParams.get('file')
    if (!file) return { status: 200, body: 'parameter file not specified in url.' }
    return { status: 200, body: `file path is not allowed: ${file}` }
  }
}
