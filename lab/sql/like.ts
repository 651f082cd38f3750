/** A LIKE pattern as a regular expression: `%`, `_`, and backslash before either. */
export const likePattern = (pattern: string, flags = 'is'): RegExp => {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i)
    if (c === '\\' && i + 1 < pattern.length) source += escapeRegExp(pattern.charAt(++i))
    else if (c === '%') source += '.*'
    else if (c === '_') source += '.'
    else source += escapeRegExp(c)
  }
  return new RegExp(`^${source}$`, flags)
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
