import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'

type Exception = [status: number, exception: string, message: string]

/** A namenode and a datanode that speak WebHDFS as Hadoop 3.3 does, and keep files in a directory. */
export class WebHdfsServer {
  readonly directory: string
  /** The namenode's, `http://host:port`. */
  endpoint = ''
  /** Set by tests. */
  standby = false
  safeMode = false
  kerberos = false
  /** The gateway of Hadoop: it is its own datanode, and takes data of one type only. */
  httpFs = false
  /** Something stands before it that knows nothing of HDFS. */
  gateway = false
  /** Hadoop 2 lists directories only whole. */
  old = false
  /** Entries of a directory in one answer. */
  batch = 3
  /** The only user who may. */
  readonly user = 'sr'
  readonly asked: string[] = []
  #datanode = ''
  readonly #servers: Server[] = []

  constructor(directory: string) {
    this.directory = directory
  }

  async start(): Promise<this> {
    this.#datanode = await this.#listen((request, response) => this.#data(request, response))
    this.endpoint = await this.#listen((request, response) => this.#name(request, response))
    return this
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(resolve))
      }),
    )
  }

  async #listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(handle)
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  #name(request: IncomingMessage, response: ServerResponse): unknown {
    const { op, file, query, user } = this.#parse(request)
    this.asked.push(op)
    if (this.kerberos) {
      return response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end('<html>Authentication required</html>')
    }
    if (this.gateway) return response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>404 Not Found</h1>')
    const refusal = this.#refusal(request, op, user)
    if (refusal) return fail(response, ...refusal)
    const missing: Exception = [
      404,
      'FileNotFoundException',
      `File /${path.relative(this.directory, file)} does not exist.`,
    ]
    switch (op) {
      case 'GETFILESTATUS':
        return existsSync(file) ? json(response, { FileStatus: status(file, '') }) : fail(response, ...missing)
      case 'LISTSTATUS':
      case 'LISTSTATUS_BATCH':
        return existsSync(file) ? this.#list(response, op, file, query) : fail(response, ...missing)
      case 'GETCONTENTSUMMARY':
        return existsSync(file)
          ? json(response, { ContentSummary: { fileCount: files(file), directoryCount: 1 } })
          : fail(response, ...missing)
      case 'OPEN':
        return existsSync(file) ? this.#redirect(request, response) : fail(response, ...missing)
      case 'CREATE':
        if (existsSync(file) && query.get('overwrite') !== 'true') {
          return fail(response, 403, 'FileAlreadyExistsException', `${file} for client 127.0.0.1 already exists`)
        }
        return this.#redirect(request, response)
      case 'DELETE': {
        const there = existsSync(file)
        if (
          there &&
          statSync(file).isDirectory() &&
          query.get('recursive') !== 'true' &&
          readdirSync(file).length > 0
        ) {
          return fail(response, 403, 'PathIsNotEmptyDirectoryException', `${file} is non empty`)
        }
        rmSync(file, { recursive: true, force: true })
        return json(response, { boolean: there })
      }
    }
    return fail(
      response,
      400,
      'IllegalArgumentException',
      `Invalid value for webhdfs parameter "op": No enum constant ${op}`,
    )
  }

  #refusal(request: IncomingMessage, op: string, user: string): Exception | undefined {
    if (this.standby) {
      return [
        403,
        'StandbyException',
        'Operation category READ is not supported in state standby. Visit https://s.apache.org/sbnn-error',
      ]
    }
    if (user !== this.user) {
      return [
        403,
        'AccessControlException',
        `Permission denied: user=${user}, access=EXECUTE, inode="/backup":sr:supergroup:drwx------`,
      ]
    }
    if (this.safeMode && request.method !== 'GET')
      return [403, 'SafeModeException', 'Cannot create file. Name node is in safe mode.']
    if (this.old && op === 'LISTSTATUS_BATCH') {
      return [
        400,
        'IllegalArgumentException',
        'Invalid value for webhdfs parameter "op": No enum constant LISTSTATUS_BATCH',
      ]
    }
    return undefined
  }

  #list(response: ServerResponse, op: string, directory: string, query: URLSearchParams): unknown {
    const names = readdirSync(directory).sort()
    if (op === 'LISTSTATUS') {
      const all = names.map((name) => status(path.join(directory, name), name))
      return json(response, { FileStatuses: { FileStatus: all } })
    }
    const after = names.filter((name) => name > (query.get('startAfter') ?? ''))
    const FileStatus = after.slice(0, this.batch).map((name) => status(path.join(directory, name), name))
    const remainingEntries = Math.max(0, after.length - this.batch)
    return json(response, { DirectoryListing: { partialListing: { FileStatuses: { FileStatus } }, remainingEntries } })
  }

  #redirect(request: IncomingMessage, response: ServerResponse): unknown {
    const data = this.httpFs ? '&data=true' : ''
    return response.writeHead(307, { location: `${this.#datanode}${request.url}${data}` }).end()
  }

  #data(request: IncomingMessage, response: ServerResponse): void {
    const { op, file } = this.#parse(request)
    if (op === 'OPEN') {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': statSync(file).size })
      createReadStream(file).pipe(response)
      return
    }
    if (this.httpFs && request.headers['content-type'] !== 'application/octet-stream') {
      const text = "Data upload requests must have content-type set to 'application/octet-stream'"
      request.resume().on('end', () => response.writeHead(400, { 'content-type': 'text/html' }).end(text))
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, Buffer.concat(chunks))
      response.writeHead(201).end()
    })
  }

  #parse(request: IncomingMessage): { op: string; file: string; query: URLSearchParams; user: string } {
    const url = new URL(request.url ?? '', 'http://x')
    const file = path.join(this.directory, decodeURIComponent(url.pathname.replace('/webhdfs/v1', '')))
    const query = url.searchParams
    return { op: query.get('op') ?? '', file, query, user: query.get('user.name') ?? 'dr.who' }
  }
}

function status(file: string, pathSuffix: string) {
  const found = statSync(file)
  const type = found.isDirectory() ? 'DIRECTORY' : 'FILE'
  return { pathSuffix, type, length: found.isDirectory() ? 0 : found.size, modificationTime: Math.floor(found.mtimeMs) }
}

function files(file: string): number {
  if (!statSync(file).isDirectory()) return 1
  return readdirSync(file).reduce((sum, name) => sum + files(path.join(file, name)), 0)
}

function json(response: ServerResponse, value: unknown): ServerResponse {
  return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function fail(response: ServerResponse, status: number, exception: string, message: string): ServerResponse {
  const javaClassName = `org.apache.hadoop.${exception}`
  response.writeHead(status, { 'content-type': 'application/json' })
  return response.end(JSON.stringify({ RemoteException: { exception, javaClassName, message } }))
}
