/** One shell command of the README, with the line that it stands in. */
export interface ReadmeCommand {
  line: number
  text: string
}

/** Every command of the README's `sh` blocks, comments removed. */
export function commandsOf(readme: string): ReadmeCommand[] {
  return blocks(readme, 'sh').flatMap(({ line, text }) =>
    text.split('\n').flatMap((row, i) => {
      const command = row.replace(/\s+# .*$/, '').trim()
      return command === '' || command.startsWith('#') ? [] : [{ line: line + i, text: command }]
    }),
  )
}

/** The file that a `yaml` block is, by its first comment. */
export function yamlFiles(readme: string): Map<string, string> {
  return new Map(
    blocks(readme, 'yaml').flatMap(({ text }) => {
      const name = /^# (\S+)$/m.exec(text)?.[1]
      return name ? [[name, text] as const] : []
    }),
  )
}

function blocks(readme: string, language: string): { line: number; text: string }[] {
  return [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => ({ line: readme.slice(0, match.index).split('\n').length + 1, text: match[2] ?? '' }))
}
