import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { createProgram } from '../../client/program.ts'

const docs = path.resolve(import.meta.dirname, '../../docs')
const pages = readdirSync(docs).filter((name) => name.endsWith('.md'))
const commands = pages.flatMap((page) =>
  readFileSync(path.join(docs, page), 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      const [, text] = /^ {4}(?:npx starferry|docker compose exec worker \S+ \S+) (.+)$/.exec(line) ?? []
      return text ? [{ where: `${page}:${i + 1}`, text }] : []
    }),
)

/** Words as a shell would make them. */
const words = (text: string) => [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? '')

/** The same commands, arguments and flags; running one only remembers that. */
function rehearsal(ran: string[]): Command {
  const program = createProgram()
  const still = (command: Command) => {
    command.configureOutput({ writeErr: () => {} })
    if (command.commands.length === 0) command.action(() => void ran.push(command.name()))
    for (const child of command.commands) still(child)
  }
  still(program)
  return program
}

it('pages show commands', () => {
  expect(commands.length).toBeGreaterThan(30)
})

it.each(commands)('$where: $text', async ({ text }) => {
  const ran: string[] = []
  await rehearsal(ran).parseAsync(words(text), { from: 'user' })
  expect(ran).toHaveLength(1)
})
