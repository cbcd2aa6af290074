/** What all commands share: typed arguments, refusal of unknown ones, examples in the help, exit codes. */
import { type ArgsDef, defineCommand, type ParsedArgs, renderUsage, runCommand } from 'citty'
import { type ExitCode, UsageError } from '../errors.js'

/** A command line and what it does. */
export type Example = readonly [line: string, what: string]

export interface CliCommand {
  /** `rawArgs`: what stood beside `--help`, for commands that have commands of their own. */
  help(rawArgs?: readonly string[]): Promise<string>
  /** Parses the arguments and runs; sets the process's exit code. */
  execute(rawArgs: readonly string[]): Promise<void>
}

export interface CliContext<T extends ArgsDef> {
  args: ParsedArgs<T>
  /** Aborted by Ctrl-C and by SIGTERM: what runs stops at its next step, what is finished is kept. */
  signal: AbortSignal
}

interface CommandOptions<T extends ArgsDef> {
  name: string
  description: string
  args: T
  examples: readonly Example[]
  /** Further positional arguments may follow, in `args._`. @default false */
  more?: boolean
  run(context: CliContext<T>): Promise<ExitCode>
}

export function command<const T extends ArgsDef>({
  name,
  description,
  args,
  examples,
  more = false,
  run,
}: CommandOptions<T>): CliCommand {
  const definition = defineCommand({
    meta: { name: `horde-onnx ${name}`, description },
    args,
    async run(context) {
      refuseUnknown(context.args, { defined: args, name, more })
      const interrupt = new AbortController()
      const onSignal = () => {
        if (interrupt.signal.aborted) process.exit(130)
        interrupt.abort()
      }
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
      try {
        process.exitCode = await run({ args: context.args, signal: interrupt.signal })
      } finally {
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
      }
    },
  })
  return {
    async help() {
      const lines = examples.map(([line, what]) => `  ${line}\n      ${what}`)
      return `${await renderUsage(definition)}\nEXAMPLES\n\n${lines.join('\n')}\n`
    },
    async execute(rawArgs) {
      await runCommand(definition, { rawArgs: [...rawArgs] })
    },
  }
}

interface GroupOptions {
  name: string
  about: string
  /** By name, with what the overview says of each. */
  commands: Readonly<Record<string, { about: string; load(): Promise<CliCommand> }>>
  /** Runs where the first argument names no command. @default an error that lists them */
  otherwise?: CliCommand
}

/** A command with commands of its own: `golden list`, `report merge`. */
export function commandGroup({ name, about, commands, otherwise }: GroupOptions): CliCommand {
  const width = Math.max(...Object.keys(commands).map(({ length }) => length))
  const list = Object.entries(commands).map(
    ([key, { about }]) => `  ${`${name} ${key}`.padEnd(name.length + 1 + width)}  ${about}`,
  )
  const own = (rawArgs: readonly string[]) => {
    const [first = ''] = rawArgs
    return Object.hasOwn(commands, first) ? commands[first] : undefined
  }
  return {
    async help(rawArgs = []) {
      const found = own(rawArgs)
      if (found !== undefined) return (await found.load()).help(rawArgs.slice(1))
      const others = [`horde-onnx ${name}: ${about}`, '', ...list, ''].join('\n')
      return otherwise === undefined ? others : `${await otherwise.help(rawArgs)}\n${others}`
    },
    async execute(rawArgs) {
      const found = own(rawArgs)
      if (found !== undefined) return (await found.load()).execute(rawArgs.slice(1))
      if (otherwise !== undefined) return otherwise.execute(rawArgs)
      const known = Object.keys(commands).join(', ')
      throw new UsageError(
        rawArgs[0] === undefined
          ? `horde-onnx ${name} needs a command`
          : `horde-onnx ${name} has no command "${rawArgs[0]}"`,
        { hint: `commands: ${known}` },
      )
    },
  }
}

/** A flag that is misspelt must not be ignored. */
function refuseUnknown(
  parsed: Record<string, unknown> & { _: string[] },
  { defined, name, more }: { defined: ArgsDef; name: string; more: boolean },
): void {
  const known = new Set(['_'])
  let positionals = 0
  for (const [key, definition] of Object.entries(defined)) {
    // citty hands `--plan-only` on as `planOnly`, too.
    known.add(key).add(key.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()))
    if (definition.type === 'positional') positionals++
    if ('alias' in definition) for (const alias of [definition.alias ?? []].flat()) known.add(alias)
  }
  const hint = `horde-onnx ${name} --help lists what there is`
  for (const key of Object.keys(parsed)) {
    if (!known.has(key)) throw new UsageError(`unknown option --${key}`, { hint })
  }
  const extra = parsed._[positionals]
  if (extra !== undefined && !more)
    throw new UsageError(`unexpected argument "${extra}"`, {
      hint: `quote it if it belongs to the one before; ${hint}`,
    })
}

interface Range {
  min: number
  max: number
}

/** A whole number given as an option. */
export function integer(option: string, value: string | undefined, range: Range): number | undefined {
  return numeric(option, value, { ...range, kind: 'a whole number', fits: Number.isInteger })
}

/** A number given as an option. */
export function decimal(option: string, value: string | undefined, range: Range): number | undefined {
  return numeric(option, value, { ...range, kind: 'a number', fits: Number.isFinite })
}

function numeric(
  option: string,
  value: string | undefined,
  { min, max, kind, fits }: Range & { kind: string; fits(number: number): boolean },
): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (value.trim() === '' || !fits(number) || number < min || number > max) {
    throw new UsageError(`--${option} must be ${kind} from ${min} to ${max}, got "${value}"`)
  }
  return number
}
