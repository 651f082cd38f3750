import { LabCommands } from './lab-commands.ts'

/** The process that holds the lab clusters of a benchmark: what they take of memory is not the measured process's. */
export interface Question {
  id: number
  command: keyof LabCommands
  arguments: unknown[]
}

export interface Answer {
  id: number
  result?: unknown
  error?: string
}

const commands = new LabCommands()
process.on('message', async (question: Question) => {
  const answer: Answer = { id: question.id }
  try {
    const act = commands[question.command] as (...given: unknown[]) => unknown
    answer.result = await act.apply(commands, question.arguments)
  } catch (error) {
    answer.error = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  process.send?.(answer)
})
process.on('disconnect', () => process.exit(0))
