import { refused } from './grammar.ts'

/**
 * Refuses a label that would be no directory name of its own. StarRocks checks only that it is not empty, and builds `__ss_<label>` from it.
 * Letters, digits and `_` are safe everywhere; the list of labels of a repository is shared by all databases and clusters that use it.
 */
export function checkLabel(label: string): void {
  if (label === '') throw refused('The snapshot has no label')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[/\\\u0000-\u001f\u007f]/.test(label)) {
    throw refused(`${JSON.stringify(label)} cannot be a snapshot's label`, [label], 'Use letters, digits and _')
  }
}
