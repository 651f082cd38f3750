import net from 'node:net'
import type { Address } from '../address-map.ts'
import { UnreachableError } from '../errors/starrocks-error.ts'

/** Opens a TCP connection and closes it again. Errors: `Unreachable`, with the reason. */
export function assertReachable(
  address: Address,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { timeoutMs = 5_000, signal } = options
  const where = `${address.host}:${address.port}`
  return new Promise<void>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const socket = net.connect(address.port, address.host)
    const settle = (act: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket.destroy()
      act()
    }
    const abort = () => settle(() => reject(signal?.reason))
    const timer = setTimeout(
      () => settle(() => reject(new UnreachableError(`${where} does not answer within ${timeoutMs} ms`))),
      timeoutMs,
    )
    signal?.addEventListener('abort', abort, { once: true })
    socket.on('connect', () => settle(resolve))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      settle(() =>
        reject(new UnreachableError(`${where} cannot be reached (${error.code ?? error.message})`, undefined, error)),
      ),
    )
  })
}
