import { get } from 'node:http'
import { text } from 'node:stream/consumers'

/**
 * What a server answers to GET. Not `fetch`, which refuses the ports that web pages must not ask (6000, 6697, 10080 and others): operators may choose
 * them. Errors: the system's when nobody answers, an AbortError when not within that many milliseconds.
 */
export function httpGet(url: string, withinMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(withinMs) }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    request.on('error', reject)
  })
}
