import type { S3Client } from '@aws-sdk/client-s3'
import type { OpenedObject } from '../object-store.ts'

type Handler = S3Client['config']['requestHandler']
type Request = Parameters<Handler['handle']>[0]
type Signer = Awaited<ReturnType<S3Client['config']['signer']>>

interface Learnt {
  request: Request
  /** Of the path, before the key. */
  base: string
  signer: Promise<Signer>
}

type Answer = Awaited<ReturnType<Handler['handle']>>['response']

interface Question {
  method: 'GET' | 'PUT'
  key: string
  content?: Buffer
  signal?: AbortSignal
}

/** Answers that say something of the object asked for, or of the moment, and nothing of how it was asked for. */
const SAYS_NOTHING = new Set([404, 429, 500, 502, 503, 504])

interface PlainOptions {
  /** Is told the Date of each answer. */
  heard?: (date: string | undefined) => void
  /** What shows how to ask. */
  taughtBy?: readonly ('GetObjectCommand' | 'PutObjectCommand')[]
}

/**
 * GET and PUT without the SDK's many layers, which take four times the CPU of the request itself: repositories consist of thousands of small objects.
 * How to ask – host, path, signature, connections, time limits – is the SDK's, learnt from a request of its own that succeeded. Only a plain answer
 * counts; whatever else happens is asked again through the SDK, which knows of retries, redirects and errors.
 */
export class PlainS3 {
  readonly #client: S3Client
  readonly #heard: (date: string | undefined) => void
  #learnt: Learnt | undefined
  #off = false

  constructor(client: S3Client, { heard = () => {}, taughtBy = ['GetObjectCommand'] }: PlainOptions = {}) {
    this.#client = client
    this.#heard = heard
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args)
        // Only what succeeded comes so far.
        if (taughtBy.some((name) => name === context.commandName))
          this.#learn(args.request as Request, args.input as { Key?: string })
        return result
      },
      { step: 'deserialize', name: 'plainS3', priority: 'high' },
    )
  }

  /** Undefined when it is to be asked for through the SDK. `key`: whole, with the location's prefix. */
  async get(key: string, signal?: AbortSignal): Promise<OpenedObject | undefined> {
    const answer = await this.#ask({ method: 'GET', key, signal })
    if (!answer) return undefined
    const { headers, body } = answer
    const size = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
    return { stream: body, size, ...(headers.etag ? { etag: headers.etag } : {}) }
  }

  /** Writes it, whatever was there. False when it is to be written through the SDK. `key`: whole, with the location's prefix. */
  async put(key: string, content: Buffer): Promise<boolean> {
    const answer = await this.#ask({ method: 'PUT', key, content })
    answer?.body.resume()
    return answer !== undefined
  }

  async #ask({ signal, ...what }: Question): Promise<Answer | undefined> {
    if (this.#off || !this.#learnt) return undefined
    try {
      const request = await this.#signed(what, this.#learnt)
      const { response } = await this.#client.config.requestHandler.handle(request, { abortSignal: signal })
      this.#heard(response.headers.date)
      if (response.statusCode === 200) return response
      // A store that does not take it so would be asked everything twice.
      if (!SAYS_NOTHING.has(response.statusCode)) this.#off = true
      response.body.resume()
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

  async #signed({ method, key, content }: Question, { request, base, signer }: Learnt): Promise<Request> {
    const { host = request.hostname } = request.headers
    const plain = Object.assign(Object.create(Object.getPrototypeOf(request)), request, {
      method,
      path: base + encodePath(key),
      query: {},
      headers: { host, ...(content ? { 'content-length': String(content.length) } : {}) },
      body: content,
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
