const hidden = '******'

/** `key = value` and `"key" = "value"` whose key says that the value is a secret. */
const secretPair =
  /((?:["'`]?)[\w.-]*(?:password|passwd|secret|token|access[._-]?key|private[._-]?key|credential|sas_token|session_key)[\w.-]*["'`]?\s*(?:=>|=|:)\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&)}\]]+)/gi
const identified =
  /(IDENTIFIED\s+(?:WITH\s+\w+\s+)?(?:BY|AS)\s+(?:PASSWORD\s+)?)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/gi
const urlLogin = /(\w+:\/\/[^\s/:@]+:)[^\s/@]+(@)/g

/**
 * Hides what looks like a secret, and each of `secrets` wherever it stands.
 * Frontends repeat properties and statements in their errors, so every text that comes from one goes through here.
 */
export function maskSecrets(text: string, secrets: readonly string[] = []): string {
  let masked = text
    .replace(secretPair, (whole, key: string, value: string) =>
      // “(using password: YES)” tells something and hides nothing.
      /^(YES|NO)$/.test(value) ? whole : `${key}${/^["']/.test(value) ? `${value[0]}${hidden}${value[0]}` : hidden}`,
    )
    .replace(identified, (_, start: string, value: string) => `${start}${value[0]}${hidden}${value[0]}`)
    .replace(urlLogin, `$1${hidden}$2`)
  for (const secret of secrets) if (secret.length >= 4) masked = masked.replaceAll(secret, hidden)
  return masked
}
