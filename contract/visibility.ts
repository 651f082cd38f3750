/** What Temporal does not find again in a query, however it is written: its server quotes these once more and compares with that. */
const NOT_FOUND = /['"\\\p{Cc}]/u

/**
 * That a keyword of workflows begins so, in a query of Temporal's list. It holds for more where the text has characters that such a query cannot hold
 * (quotes, backslashes): compare what is found.
 */
export function startsWith(attribute: string, text: string): string {
  const [sayable = ''] = text.split(NOT_FOUND, 1)
  return `${attribute} STARTS_WITH '${sayable}'`
}

/** That a keyword of workflows is this. It holds for more where `startsWith` does: compare what is found. */
export function isExactly(attribute: string, text: string): string {
  return NOT_FOUND.test(text) ? startsWith(attribute, text) : `${attribute} = '${text}'`
}
