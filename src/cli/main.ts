#!/usr/bin/env node
/** The command line: finds the command, prints help, turns errors into messages and exit codes. */
import { ExitCode, faultOf, HordeOnnxError, UsageError } from '../errors.js'
import { version } from '../version.js'
import type { CliCommand } from './command.js'

const COMMANDS: Record<string, { about: string; load(): Promise<CliCommand> }> = {
  generate: {
    about: 'Draw a picture from a prompt or from a recorded payload',
    load: async () => (await import('./generate.js')).generate,
  },
  replay: {
    about: 'Run recorded payloads through the engine and store what comes out',
    load: async () => (await import('./replay.js')).replay,
  },
  check: { about: 'Judge a run against the goldens', load: async () => (await import('./check.js')).check },
  approve: {
    about: 'Make pictures of a run the new goldens, with a reason',
    load: async () => (await import('./approve.js')).approve,
  },
  gate: {
    about: 'Plan, replay and check by one configuration, and decide',
    load: async () => (await import('./gate.js')).gate,
  },
  compare: {
    about: 'Compare runs: with each other, with goldens, with another backend',
    load: async () => (await import('./compare.js')).compare,
  },
  'parity-kit': {
    about: 'Replay here, compare, and pack one file to send to whoever asked for it',
    load: async () => (await import('./parity-kit.js')).parityKit,
  },
  golden: {
    about: 'List and audit goldens, and remove those that nothing replays any more',
    load: async () => (await import('./golden.js')).golden,
  },
  report: { about: 'Render the page of a run again', load: async () => (await import('./report.js')).report },
  parity: {
    about: 'Compare the engine with a reference pack of another backend, stage by stage',
    load: async () => (await import('./parity.js')).parity,
  },
  record: {
    about: 'Record jobs of the Horde as fixtures, without anything that tells who asked',
    load: async () => (await import('./record.js')).record,
  },
  bench: {
    about: 'Time a backend, or one against another, so that the figures hold',
    load: async () => (await import('./bench.js')).bench,
  },
  sidecar: {
    about: 'Serve the engine to another program, one JSON line at a time',
    load: async () => (await import('./sidecar.js')).sidecar,
  },
  kudos: {
    about: 'Price payloads or a run with the arithmetic of the AI Horde',
    load: async () => (await import('./kudos.js')).kudos,
  },
  stress: {
    about: 'Run many jobs at once, kill lanes, and prove that every job is what it is alone',
    load: async () => (await import('./stress.js')).stress,
  },
  calibrate: {
    about: 'Measure how far renders of one payload are apart on this class of machine',
    load: async () => (await import('./calibrate.js')).calibrate,
  },
  'self-test': {
    about: 'Say what the gates catch of pictures that are damaged on purpose',
    load: async () => (await import('./self-test.js')).selfTest,
  },
  annotate: {
    about: 'Show the control map that a picture would get',
    load: async () => (await import('./annotate.js')).annotate,
  },
  schema: {
    about: 'Print the JSON Schema of a format: run, comparison, golden, …',
    load: async () => (await import('./schema.js')).schema,
  },
  doctor: {
    about: 'Say what is here: ONNX Runtime, providers, memory, models',
    load: async () => (await import('./doctor.js')).doctor,
  },
}

async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = name === 'help' ? rest[0] : undefined
    if (asked === undefined) process.stdout.write(overview())
    else await help(asked, rest.slice(1))
    return
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${version}\n`)
    return
  }
  if (rest.includes('--help') || rest.includes('-h')) return help(name, rest)
  await (await find(name)).execute(rest)
}

async function find(name: string): Promise<CliCommand> {
  const entry = COMMANDS[name]
  if (!entry) {
    throw new UsageError(`unknown command "${name}"`, { hint: `commands: ${Object.keys(COMMANDS).join(', ')}` })
  }
  return entry.load()
}

async function help(name: string, rawArgs: readonly string[]): Promise<void> {
  process.stdout.write(await (await find(name)).help(rawArgs))
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map(name => name.length))
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`)
  return [
    `horde-onnx ${version}: a diffusion engine for the AI Horde, and the harness that proves it`,
    '',
    'Usage: horde-onnx COMMAND [OPTIONS]',
    '',
    ...lines,
    '',
    'horde-onnx COMMAND --help explains a command, with examples.',
    '',
  ].join('\n')
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const { message, hint } = faultOf(error)
  process.stderr.write(`error: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`)
  if (error instanceof HordeOnnxError) process.exitCode = error.exitCode
  else if (error instanceof Error && error.name === 'CLIError') process.exitCode = ExitCode.invalid
  else {
    process.stderr.write(`${error instanceof Error ? error.stack : ''}\nThis is a defect of horde-onnx.\n`)
    process.exitCode = ExitCode.internal
  }
})
