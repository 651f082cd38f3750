import { type Command, InvalidArgumentError, Option } from 'commander'

/** `--json`, on everything that prints data. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON instead of text')
}

/** Where Temporal is. */
export function withTemporal(command: Command): Command {
  return command
    .addOption(new Option('--temporal <host:port>', 'address of Temporal (TEMPORAL_ADDRESS)').helpGroup('Temporal:'))
    .addOption(new Option('--namespace <name>', 'namespace (TEMPORAL_NAMESPACE)').helpGroup('Temporal:'))
    .addOption(new Option('--tls', 'connect over TLS (TEMPORAL_TLS)').helpGroup('Temporal:'))
    .addOption(new Option('--tls-ca <file>', 'authority of its certificate (TEMPORAL_TLS_CA)').helpGroup('Temporal:'))
    .addOption(new Option('--tls-cert <file>', 'our certificate (TEMPORAL_TLS_CERT)').helpGroup('Temporal:'))
    .addOption(new Option('--tls-key <file>', 'its key (TEMPORAL_TLS_KEY)').helpGroup('Temporal:'))
    .addOption(new Option('--tls-server-name <name>', 'name in its certificate').helpGroup('Temporal:'))
    .addOption(new Option('--api-key <key>', 'API key; better TEMPORAL_API_KEY').helpGroup('Temporal:'))
    .addOption(
      new Option('--config <file>', 'starferry.yaml, for its `temporal` part (STARFERRY_CONFIG)').helpGroup(
        'Temporal:',
      ),
    )
}

/** What to migrate, given as a file or as StarRocks' own files. */
export function withSpec(command: Command): Command {
  return command
    .argument('[SPEC]', 'the migration as YAML; `-` reads standard input')
    .option('--properties <dir>', 'sync.properties and hosts.properties instead of SPEC')
    .option('--name <name>', 'name of the migration, instead of the one in SPEC')
}

/** A whole number of at least 1. */
export function count(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('Write a whole number of at least 1.')
  return Number(text)
}

/** A port to listen on. */
export function port(text: string): number {
  const value = count(text)
  if (value > 65_535) throw new InvalidArgumentError('Write a port, a number up to 65535.')
  return value
}

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Write a number above 0.')
  return value
}

/** A number of seconds above 0. */
export function seconds(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Write a number of seconds.')
  return value
}

/** A flag that may be given several times. */
export function severally(value: string, former: string[] = []): string[] {
  return [...former, value]
}

/** A whole number, negative ones too. */
export function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}
