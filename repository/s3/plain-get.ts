import type { S3Client } from '@aws-sdk/client-s3'
import type { OpenedObject } from '../object-store.ts'
import type { ServerClock } from '../server-clock.ts'

type Handler = S3Client['config']['requestHandler']
type Request = Parameters<Handler['handle']>[0]
type Signer = Awaited<ReturnType<S3Client['config']['signer']>>

interface Learnt {
  request: Request
  /** Of the path, before the key. */
  base: string
  signer: Promise<Signer>
}

/** Answers that say something of the object asked for, or of the moment, and nothing of how it was asked for. */
const SAYS_NOTHING = new Set([404, 429, 500, 502, 503, 504])

/**
 * GET without the SDK's many layers, which take four times the CPU of the request itself: repositories are read by thousands of small objects.
 * How to ask – host, path, signature, connections, time limits – is the SDK's, learnt from a request of its own that succeeded. Only a plain answer with the
 * object counts; whatever else happens is asked again through the SDK, which knows of retries, redirects and errors.
 */
export class PlainGet {
  readonly #client: S3Client
  readonly #clock: ServerClock
  #learnt: Learnt | undefined
  #off = false

  constructor(client: S3Client, clock: ServerClock) {
    this.#client = client
    this.#clock = clock
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args)
        // Only what succeeded comes so far.
        if (context.commandName === 'GetObjectCommand')
          this.#learn(args.request as Request, args.input as { Key?: string })
        return result
      },
      { step: 'deserialize', name: 'plainGet', priority: 'high' },
    )
  }

  /** Undefined when it is to be asked for through the SDK. `key`: whole, with the location's prefix. */
  async get(key: string, signal?: AbortSignal): Promise<OpenedObject | undefined> {
    if (this.#off || !this.#learnt) return undefined
    try {
      const { response } = await this.#client.config.requestHandler.handle(await this.#signed(key, this.#learnt), {
        abortSignal: signal,
      })
      const { statusCode, headers, body } = response
      this.#clock.heard(headers.date)
      if (statusCode === 200) {
        const size = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
        return { stream: body, size, ...(headers.etag ? { etag: headers.etag } : {}) }
      }
      // A store that does not take it so would be asked everything twice.
      if (!SAYS_NOTHING.has(statusCode)) this.#off = true
      body.resume()
    } catch {
      // Asked again, it fails again, or not.
    }
    return undefined
  }

  #learn(request: Request, { Key = '' }: { Key?: string }): void {
    const path = encodePath(Key)
    if (this.#off || this.#learnt || !request.path.endsWith(path)) return
    const base = request.path.slice(0, request.path.length - path.length)
    this.#learnt = { request, base, signer: this.#client.config.signer() }
    this.#learnt.signer.catch(() => {})
  }

  async #signed(key: string, { request, base, signer }: Learnt): Promise<Request> {
    const { host = request.hostname } = request.headers
    const plain = Object.assign(Object.create(Object.getPrototypeOf(request)), request, {
      path: base + encodePath(key),
      query: {},
      headers: { host },
    }) as Request
    const signingDate = new Date(Date.now() + this.#client.config.systemClockOffset)
    return (await (await signer).sign(plain, { signingDate })) as Request
  }
}

/** As S3 signs it: every character but letters, digits, slashes and -._~ is escaped. */
function encodePath(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
}
