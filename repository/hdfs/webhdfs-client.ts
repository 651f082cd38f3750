import { setTimeout as sleep } from 'node:timers/promises'
import { ServerClock } from '../server-clock.ts'
import { networkTrouble, StorageError } from '../storage-error.ts'
import type { HdfsSettings } from './hdfs-settings.ts'
import { webHdfsError } from './webhdfs-errors.ts'

export interface WebHdfsCall {
  method: 'GET' | 'PUT' | 'DELETE'
  op: string
  /** Relative to the root. */
  path: string
  parameters?: Record<string, string>
  /** Sent to the datanode that the namenode names. */
  body?: Uint8Array | string
  /** What is tried, for errors: "read hdfs://…". */
  doing: string
  signal?: AbortSignal
}

/** HttpFS takes no data of another type (Hadoop's CheckUploadContentTypeFilter); datanodes do not care. */
const UPLOAD = { 'content-type': 'application/octet-stream' }
const ROUNDS = 3
const ROUND_PAUSE_MS = 500

/** Calls of the WebHDFS REST API: finds the active namenode, follows it to datanodes. */
export class WebHdfsClient {
  readonly clock = new ServerClock()
  readonly #settings: HdfsSettings
  /** The namenode that answered last. */
  #active = 0

  constructor(settings: HdfsSettings) {
    this.#settings = settings
  }

  /** Errors: StorageError. */
  async call(call: WebHdfsCall): Promise<Response> {
    const { namenodes } = this.#settings
    let trouble: StorageError | undefined
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await sleep(ROUND_PAUSE_MS * round, undefined, { signal: call.signal })
      for (let step = 0; step < namenodes.length; step++) {
        const index = (this.#active + step) % namenodes.length
        const answer = await this.#ask(namenodes[index] ?? '', call)
        if (answer instanceof Response) {
          this.#active = index
          return answer
        }
        trouble = answer
      }
    }
    throw trouble ?? new StorageError('Unreachable', `Cannot ${call.doing}: no namenode is known`)
  }

  /** A StorageError is returned where another namenode, or another try, may do better; thrown where not. */
  async #ask(namenode: string, call: WebHdfsCall): Promise<Response | StorageError> {
    const { method, signal, body, doing } = call
    let at = this.#url(namenode, call)
    try {
      let response = await fetch(at, { method, redirect: 'manual', signal })
      this.clock.heard(response.headers.get('date') ?? undefined)
      const datanode = response.status === 307 ? response.headers.get('location') : null
      if (datanode) {
        await response.body?.cancel()
        at = datanode
        const upload = body === undefined ? {} : { body, headers: UPLOAD }
        response = await fetch(at, { method, redirect: 'manual', signal, ...upload })
      }
      if (response.ok) return response
      const { error, elsewhere } = await webHdfsError(response, doing, new URL(at).host)
      if (elsewhere) return error
      throw error
    } catch (error) {
      if (error instanceof StorageError) throw error
      if (signal?.aborted) throw signal.reason
      const { host } = new URL(at)
      return new StorageError(
        'Unreachable',
        `Cannot ${doing} at ${host}: ${networkTrouble(error) ?? 'the connection failed'}`,
        'check that this machine reaches the web ports of namenodes and datanodes; name the namenodes under access.webHdfs',
      )
    }
  }

  #url(namenode: string, { op, path, parameters }: WebHdfsCall): string {
    const { root, user } = this.#settings
    const full = [...root.split('/'), ...path.split('/')].filter((part) => part !== '').map(encodeURIComponent)
    const query = new URLSearchParams({ op, ...(user ? { 'user.name': user } : {}), ...parameters })
    return `${namenode}/webhdfs/v1/${full.join('/')}?${query}`
  }
}
