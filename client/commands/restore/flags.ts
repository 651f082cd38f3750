import { type Command, Option } from 'commander'
import { count, severally } from '../../options.ts'

/** Headings of the help. */
const WHICH = 'Which backup (the newest that holds all that is asked for unless given):'
const WHAT = 'What of it (everything unless given):'

/** What to restore, where from and where to. */
export function withRestoreFlags(command: Command): Command {
  return command
    .argument('[FILE]', 'the restore as YAML; flags amend it')
    .option('--name <name>', 'what the restore is called; made from what it restores unless given')
    .option('--cluster <name>', 'where to restore to')
    .option('--repository <name>', "repository, as the worker's configuration names it")
    .addOption(new Option('--label <label>', 'this backup, by id, or any snapshot by its label').helpGroup(WHICH))
    .addOption(
      new Option(
        '--as-of <time>',
        'the newest that was finished by then and holds it; UTC unless a zone is given',
      ).helpGroup(WHICH),
    )
    .addOption(new Option('--from-cluster <name>', 'of this cluster').helpGroup(WHICH))
    .addOption(new Option('--policy <name>', 'of this policy').helpGroup(WHICH))
    .addOption(new Option('--database <name>', 'of this database').helpGroup(WHICH))
    .addOption(
      new Option('--table <pattern>', 'only these tables, globs allowed; several times')
        .argParser(severally)
        .helpGroup(WHAT),
    )
    .addOption(
      new Option('--partition <table=p1,p2>', 'only these partitions of a table; several times')
        .argParser(severally)
        .helpGroup(WHAT),
    )
    .addOption(new Option('--materialized-view <name>', 'several times').argParser(severally).helpGroup(WHAT))
    .addOption(new Option('--view <name>', 'several times').argParser(severally).helpGroup(WHAT))
    .addOption(new Option('--function <name>', 'several times').argParser(severally).helpGroup(WHAT))
    .addOption(new Option('--catalog <name>', 'external catalogs; several times').argParser(severally).helpGroup(WHAT))
    .option('--as <database>', 'into a database of this name')
    .option('--rename-table <old=new>', 'several times', severally)
    .option('--rename-catalog <old=new>', 'several times', severally)
    .option('--aside', 'beside what exists, and beside free names, until you publish (the default)')
    .option(
      '--in-place',
      'over what exists, asking nobody: it cannot be used meanwhile, and cannot be had back from COMMIT on',
    )
    .addOption(new Option('--publish <when>', 'take the live names').choices(['ask', 'auto', 'never']))
    .option('--drop-replaced', 'drop what was replaced, once it is')
    .option('--replication-number <n>', 'replicas of new tables', count)
    .option('--no-verify', 'compare no row counts')
    .option('--timeout <seconds>', 'that StarRocks gives a job; at least 600', count)
    .option('--ignore <code>', 'a fatal finding to go on in spite of; several times', severally)
}
