/** What a query is answered that came between two workers, in the words of `workflows/whole-tasks.ts`; asked again, it gets its answer. */
export const ASK_AGAIN = 'This workflow is just being taken over by another worker. Ask again'
