import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import Table from 'cli-table3'
import { createEngine } from '../engine/create-engine.js'
import type { GenerateRequest, Generation, Timings } from '../engine/types.js'
import { ExitCode, UsageError } from '../errors.js'
import { writeWhole } from '../harness/output.js'
import { command, decimal, integer } from './command.js'
import { ENGINE_ARGS, engineOptions } from './engine-args.js'
import { bar, createProgress, duration } from './progress.js'

export const generate = command({
  name: 'generate',
  description: 'Draw a picture from a prompt, or from a recorded payload as it is',
  args: {
    prompt: { type: 'positional', required: false, description: 'What to draw; "###" starts the negative prompt' },
    output: { type: 'string', alias: 'o', description: 'File to write: .png or .webp [default: SEED.png]' },
    payload: {
      type: 'string',
      valueHint: 'FILE',
      description: 'A payload or a pop of the Horde (JSON); replaces the prompt',
    },
    model: { type: 'string', description: 'Name in the catalogue [default: pocket-sd15]' },
    negative: { type: 'string', description: 'Negative prompt' },
    seed: { type: 'string', description: '0 to 2^63-1 [default: random]' },
    steps: { type: 'string', description: 'Sampler steps, 1 to 500 [default: 20]' },
    cfg: { type: 'string', description: 'Guidance scale, 1 to 100 [default: 5]' },
    sampler: {
      type: 'string',
      description: "The Horde's name: k_euler, k_euler_a, k_dpmpp_2m, ddim … [default: k_euler]",
    },
    karras: { type: 'boolean', default: true, description: 'Karras schedule; --no-karras for the normal one' },
    width: { type: 'string', description: 'Pixels, a multiple of 64 [default: 128]' },
    height: { type: 'string', description: 'Pixels, a multiple of 64 [default: 128]' },
    'clip-skip': { type: 'string', description: '1 is the last layer of the text encoder [default: 1]' },
    number: { type: 'string', alias: 'n', description: 'Pictures from one noise stream [default: 1]' },
    tiling: { type: 'boolean', description: 'A picture that repeats seamlessly' },
    strict: { type: 'boolean', description: 'Refuse a payload that would have to be changed' },
    timings: { type: 'boolean', description: 'Print where the time went' },
    json: { type: 'boolean', description: 'Print one JSON object instead of text' },
    ...ENGINE_ARGS,
  },
  examples: [
    [
      'horde-onnx generate "a red circle on a blue background" --seed 7 -o circle.png',
      'draws on the embedded pocket model',
    ],
    [
      'horde-onnx generate "a green star ### blurry" --sampler k_dpmpp_2m --steps 25 -n 4',
      'four pictures, with a negative prompt',
    ],
    ['horde-onnx generate --payload pop.json -o job.webp', "draws a worker's job exactly as the Horde sent it"],
  ],
  async run({ args, signal }) {
    const request = await requestOf(args)
    const format = formatOf(args.output)
    const engine = await createEngine(engineOptions(args))
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    try {
      const handle = engine.generate(request, {
        format,
        signal,
        strict: args.strict === true,
        defaults: args.payload === undefined ? 'friendly' : 'horde',
      })
      for await (const event of handle) {
        if (event.type === 'planned') progress.update('loading the model …')
        if (event.type === 'step') progress.update(`${bar(event.step, event.steps)} step ${event.step}/${event.steps}`)
        if (event.type === 'restarted') progress.update(`the lane was restarted: ${event.reason}`)
      }
      progress.done()
      const generation = await handle
      const files = await writeImages(generation, args.output, format)
      if (args.json) printJson(generation, files)
      else printText(generation, files, args.timings === true)
      if (generation.state === 'cancelled') return ExitCode.interrupted
      if (generation.faults.some(({ code }) => code === 'payload')) return ExitCode.invalid
      return generation.state === 'ok' ? ExitCode.ok : ExitCode.engine
    } finally {
      progress.done()
      await engine.close()
    }
  },
})

interface RequestArgs {
  prompt?: string | undefined
  payload?: string | undefined
  model?: string | undefined
  negative?: string | undefined
  seed?: string | undefined
  steps?: string | undefined
  cfg?: string | undefined
  sampler?: string | undefined
  karras: boolean
  width?: string | undefined
  height?: string | undefined
  'clip-skip'?: string | undefined
  number?: string | undefined
  tiling?: boolean | undefined
}

async function requestOf(args: RequestArgs): Promise<GenerateRequest> {
  if (args.payload !== undefined) {
    if (args.prompt !== undefined) throw new UsageError('a prompt and --payload cannot be given together')
    return readFile(args.payload, 'utf8').catch((cause: unknown) => {
      throw new UsageError(`cannot read the payload ${args.payload}`, { cause, hint: 'is the path right?' })
    })
  }
  if (args.prompt === undefined) {
    throw new UsageError('nothing to draw', { hint: 'horde-onnx generate "a red circle on a blue background"' })
  }
  const payload: Record<string, unknown> = {
    prompt: args.negative === undefined ? args.prompt : `${args.prompt}###${args.negative}`,
    karras: args.karras,
    sampler_name: args.sampler,
    seed: args.seed === undefined ? undefined : seedOf(args.seed),
    ddim_steps: integer('steps', args.steps, { min: 1, max: 500 }),
    cfg_scale: decimal('cfg', args.cfg, { min: 1, max: 100 }),
    width: integer('width', args.width, { min: 64, max: 8192 }),
    height: integer('height', args.height, { min: 64, max: 8192 }),
    clip_skip: integer('clip-skip', args['clip-skip'], { min: 1, max: 20 }),
    n_iter: integer('number', args.number, { min: 1, max: 100 }),
    tiling: args.tiling,
  }
  const given = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined))
  return { payload: given, ...(args.model === undefined ? {} : { model: args.model }) }
}

function seedOf(text: string): bigint {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 1n << 63n) {
    throw new UsageError(`--seed must be a whole number from 0 to ${(1n << 63n) - 1n}, got "${text}"`)
  }
  return BigInt(text)
}

function formatOf(output: string | undefined): 'png' | 'webp' {
  const extension = extname(output ?? 'seed.png').toLowerCase()
  if (extension === '.webp') return 'webp'
  if (extension === '.png') return 'png'
  throw new UsageError(`--output must end in .png or .webp, got "${output}"`)
}

/** Several pictures get a number before the extension: `circle.png`, `circle-2.png` … */
async function writeImages(generation: Generation, output: string | undefined, format: string): Promise<string[]> {
  const path = output ?? `${generation.job?.seed ?? generation.id}.${format}`
  const stem = path.slice(0, path.length - extname(path).length)
  const files: string[] = []
  for (const [i, image] of generation.images.entries()) {
    const file = i === 0 ? path : `${stem}-${i + 1}${extname(path)}`
    await writeWhole(file, image.file)
    files.push(file)
  }
  return files
}

function printText(generation: Generation, files: readonly string[], timings: boolean): void {
  for (const { field, message } of generation.notes) process.stderr.write(`note: ${field}: ${message}\n`)
  for (const { message, hint } of generation.faults) {
    process.stderr.write(`fault: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`)
  }
  for (const file of files) process.stdout.write(`${file}\n`)
  if (timings && generation.state === 'ok') process.stdout.write(`${timingsTable(generation.timings)}\n`)
}

function timingsTable({ load, encode, steps, decode, output, total }: Timings): string {
  const sum = (pick: (step: { inside: number; outside: number }) => number) =>
    steps.reduce((all, step) => all + pick(step), 0)
  const [inside, outside] = [sum(step => step.inside), sum(step => step.outside)]
  const each = (ms: number) => (steps.length === 0 ? '' : `${(ms / steps.length).toFixed(2)} ms a step`)
  const table = new Table({ head: ['phase', 'time', ''], style: { head: [], border: [] } })
  table.push(
    ['load', duration(load), 'graphs and weights'],
    ['encode', duration(encode), 'prompts'],
    ['steps, inside ONNX Runtime', duration(inside), each(inside)],
    ['steps, outside', duration(outside), each(outside)],
    ['decode', duration(decode), 'VAE'],
    ['output', duration(output), 'compression'],
    ['total', duration(total), ''],
  )
  return table.toString()
}

function printJson(generation: Generation, files: readonly string[]): void {
  const { id, state, faults, notes, timings, retries, fingerprints, plan, images, job } = generation
  const report = {
    id,
    state,
    seed: job === undefined ? undefined : String(job.seed),
    images: images.map(({ width, height, sha256 }, i) => ({ file: files[i], width, height, sha256 })),
    faults,
    notes,
    retries,
    timings,
    fingerprints,
    plan,
  }
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
}
