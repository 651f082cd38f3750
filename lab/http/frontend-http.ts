import type { IncomingMessage } from 'node:http'
import type { LabFrontend, LabState } from '../model.ts'
import { abortTransaction } from '../replication/transactions.ts'
import type { HttpAnswer, HttpHandler } from './http-server.ts'

export interface FrontendHttpHooks {
  /** Cuts the connection, before or after the request acts. */
  drops(url: string, cut: 'before' | 'after'): boolean
}

/** The HTTP port of a frontend: cancel of a load by label, the service id, health. */
export function frontendHttp(state: LabState, frontend: LabFrontend, hooks: FrontendHttpHooks): HttpHandler {
  return (request, url) => {
    const path = `${url.pathname}${url.search}`
    if (hooks.drops(path, 'before')) return undefined
    const answer = answerFrontend(state, frontend, request, url)
    return hooks.drops(path, 'after') ? undefined : answer
  }
}

function answerFrontend(state: LabState, frontend: LabFrontend, request: IncomingMessage, url: URL): HttpAnswer {
  if (url.pathname === '/api/health')
    return {
      status: 200,
      body:
        '{"online_backend_num":' +
        state.nodes.filter((n) => n.alive).length +
        ',"total_backend_num":' +
        state.nodes.length +
        '}',
    }
  if (url.pathname === '/service_id' && state.version === '4.1') return serviceId(state)
  // Only other frontends may ask for these.
  if (url.pathname === '/check' || url.pathname === '/version') return { status: 400, body: 'invalid client host.' }
  const cancel = /^\/api\/([^/]+)\/([^/]+)\/_cancel$/.exec(url.pathname)
  const rollback = url.pathname === '/api/transaction/rollback'
  if (request.method !== 'POST' || (!cancel && !rollback)) return { status: 404, body: 'Not Found' }
  const refusal = unauthorized(state, request)
  if (refusal) return { status: 401, body: failed(state, refusal), headers: { 'www-authenticate': 'Basic realm=""' } }
  const leader = state.frontends.find((one) => one.role === 'LEADER')
  if (leader && leader !== frontend) {
    const location = `http://${leader.host}:${leader.httpPort}${url.pathname}${url.search}`
    return { status: 307, body: '', headers: { location } }
  }
  if (cancel) return cancelLoad(state, decodeURIComponent(cancel[1] ?? ''), url.searchParams.get('label'))
  return rollbackStream(state, String(request.headers.db ?? ''), String(request.headers.label ?? ''))
}

function serviceId(state: LabState): HttpAnswer {
  if (state.runMode === 'shared_data') return { status: 200, body: JSON.stringify({ service_id: state.serviceId }) }
  return { status: 404, body: 'Current run mode shared_nothing does not support service id.' }
}

function unauthorized(state: LabState, request: IncomingMessage): string | undefined {
  const header = request.headers.authorization
  if (!header?.startsWith('Basic ')) return 'Need auth information.'
  const [user = '', ...password] = Buffer.from(header.slice(6), 'base64').toString('utf8').split(':')
  if (state.users.get(user)?.password === password.join(':')) return undefined
  return `Access denied for ${user}@127.0.0.1`
}

/** Frontends of 3.1 say it shorter. */
function failed(state: LabState, text: string): string {
  if (state.version === '3.1') return JSON.stringify({ status: 'FAILED', msg: text })
  return JSON.stringify({ status: 'FAILED', code: '1', msg: text, message: text })
}

/** The label is read from the query only, whatever the path says; failures come with HTTP 200. */
function cancelLoad(state: LabState, dbName: string, label: string | null): HttpAnswer {
  if (!label) return { status: 200, body: failed(state, 'No label selected.') }
  const db = state.databases.get(dbName)
  if (!db) return { status: 200, body: failed(state, `unknown database, database=${dbName}`) }
  const transaction = state.transactions.find(
    (one) => one.dbId === db.id && one.label === label && one.status === 'PREPARE',
  )
  if (!transaction) return { status: 200, body: failed(state, `transaction not found: ${label}`) }
  abortTransaction(state, transaction, 'user cancel')
  if (state.version === '3.1') return { status: 200, body: '{"status":"OK","msg":"Success"}' }
  return { status: 200, body: '{"status":"OK","code":"0","msg":"Success","message":"OK"}' }
}

/** /api/transaction/rollback knows only loads that came through a backend. */
function rollbackStream(state: LabState, db: string, label: string): HttpAnswer {
  const text = {
    '3.1': `class com.starrocks.common.UserException: transaction with op rollback label ${label} has no node`,
    '3.3': `class com.starrocks.common.UserException: Transaction with op[rollback] and label[${label}] has no node.`,
  }[state.version as string]
  const newer = `class com.starrocks.common.StarRocksException: The source type for transaction stream load with db [${db}] and label[${label}] should be BE, but is FE.`
  return { status: 200, body: `{\n  "Status": "FAILED",\n  "Message": ${JSON.stringify(text ?? newer)}\n}` }
}
