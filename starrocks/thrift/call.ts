import net from 'node:net'
import type { Address } from '../address-map.ts'
import { classify } from '../errors/classify.ts'
import { OutcomeUnknownError, StarRocksError, UnreachableError } from '../errors/starrocks-error.ts'
import { NotEnoughBytes, numberOf, structOf, ThriftReader, type ThriftStruct, textOf } from './reader.ts'
import { message, ThriftWriter, wire } from './writer.ts'

export interface CallOptions {
  signal?: AbortSignal
  /** 30 000 */
  connectTimeoutMs?: number
  /** From the connection to the whole answer: 60 000. */
  timeoutMs?: number
}

/** TApplicationException: the frontend has no such method. */
const unknownMethod = 1

/** An answer larger than this is none that we ask for. */
const maxAnswerBytes = 512 * 1024 * 1024

/**
 * Calls one method of a frontend's FrontendService, over a connection of its own: frontends close idle ones after five seconds.
 * Plain TCP, unframed, strict binary protocol (ThriftServer). `write` writes the fields of the one argument, without the stop.
 *
 * Errors: `Unreachable` as long as nothing was sent, `OutcomeUnknown` when the connection ended or time ran out afterwards,
 * `Unsupported` when the frontend does not know the method, else what its exception says. Once something was sent, an abort by `signal`
 * is `OutcomeUnknown` too.
 */
export async function call(
  address: Address,
  method: string,
  write: (writer: ThriftWriter) => void,
  options: CallOptions = {},
): Promise<ThriftStruct> {
  options.signal?.throwIfAborted()
  // Written before connecting: a request that cannot be written must not look like one that was sent.
  const request = encodeCall(method, write)
  return exchange(address, method, request, options)
}

/** The bytes of a call: header, argument struct with the request as field 1. */
export function encodeCall(method: string, write: (writer: ThriftWriter) => void): Buffer {
  const writer = new ThriftWriter()
  writer.messageBegin(method, message.call, 1)
  writer.field(wire.struct, 1)
  write(writer)
  writer.stop()
  writer.stop()
  return writer.bytes()
}

/** Reads an answer; undefined when it is not complete yet. Errors: those of `call` that an answer can carry. */
export function decodeReply(method: string, bytes: Buffer): ThriftStruct | undefined {
  const reader = new ThriftReader(bytes)
  try {
    const header = reader.messageBegin()
    const body = reader.struct()
    if (header.type === message.exception) throw applicationException(method, body)
    if (header.type !== message.reply || header.name !== method) {
      throw new StarRocksError({
        kind: 'UnexpectedAnswer',
        detail: `${method} was answered with “${header.name}”, type ${header.type}`,
      })
    }
    const result = structOf(body.get(0))
    if (!result)
      throw new StarRocksError({ kind: 'UnexpectedAnswer', detail: `${method} was answered without a result` })
    return result
  } catch (error) {
    if (error instanceof NotEnoughBytes) return undefined
    throw error
  }
}

function exchange(address: Address, method: string, request: Buffer, options: CallOptions): Promise<ThriftStruct> {
  const { signal, connectTimeoutMs = 30_000, timeoutMs = 60_000 } = options
  const where = `${address.host}:${address.port}`
  return new Promise<ThriftStruct>((resolve, reject) => {
    const socket = net.connect({ host: address.host, port: address.port, noDelay: true })
    const answer = new Accumulator()
    let sent = false
    let timer = setTimeout(() => fail(`no connection within ${connectTimeoutMs} ms`), connectTimeoutMs)
    const settle = (act: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket.destroy()
      act()
    }
    const fail = (why: string, cause?: unknown) =>
      settle(() =>
        reject(
          sent
            ? new OutcomeUnknownError(
                `${method} was sent to the frontend at ${where}, but no answer came (${why})`,
                cause,
              )
            : new UnreachableError(
                `Cannot reach the frontend at ${where} for ${method} (${why})`,
                'Check the host and the rpc_port (9020 by default), or map them in the address map',
                cause,
              ),
        ),
      )
    const abort = () => (sent ? fail('stopped waiting') : settle(() => reject(signal?.reason)))
    signal?.addEventListener('abort', abort, { once: true })

    socket.on('connect', () => {
      clearTimeout(timer)
      timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
      sent = true
      socket.write(request)
    })
    socket.on('data', (chunk: Buffer) => {
      answer.push(chunk)
      if (answer.length > maxAnswerBytes) return fail('the answer is too large')
      if (!answer.worthTrying()) return
      try {
        const result = decodeReply(method, answer.bytes())
        if (result) settle(() => resolve(result))
      } catch (error) {
        settle(() => reject(error))
      }
    })
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, error))
    socket.on('end', () => {
      try {
        const result = answer.length > 0 ? decodeReply(method, answer.bytes()) : undefined
        if (result) return settle(() => resolve(result))
      } catch (error) {
        return settle(() => reject(error))
      }
      // Requests that the frontend cannot even take apart end like this, and so does its death: nothing tells them apart.
      fail('the frontend closed the connection')
    })
  })
}

/** Collects chunks, and says when it pays to parse them again: large answers would be parsed once a chunk otherwise. */
class Accumulator {
  #chunks: Buffer[] = []
  #tried = 0
  length = 0

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.length += chunk.length
  }

  worthTrying(): boolean {
    if (this.#tried > 1 << 20 && this.length < this.#tried * 1.25) return lastByteIsStop(this.#chunks)
    this.#tried = this.length
    return true
  }

  bytes(): Buffer {
    const [first] = this.#chunks
    if (this.#chunks.length === 1 && first) return first
    const whole = Buffer.concat(this.#chunks)
    this.#chunks = [whole]
    return whole
  }
}

/** A complete message ends with the stop of the result struct. */
function lastByteIsStop(chunks: readonly Buffer[]): boolean {
  return chunks.at(-1)?.at(-1) === wire.stop
}

function applicationException(method: string, body: ThriftStruct): StarRocksError {
  const text = textOf(body.get(1)) ?? 'no message'
  if (numberOf(body.get(2)) === unknownMethod) {
    return new StarRocksError({
      kind: 'Unsupported',
      detail: `The frontend does not know ${method} (${text})`,
      remedy: 'Its version is too old',
    })
  }
  const known = classify(text, { source: 'replication' })
  return known.kind === 'Unknown'
    ? new OutcomeUnknownError(`${method} failed inside the frontend: ${known.detail}`)
    : known
}
