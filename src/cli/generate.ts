import { extname } from 'node:path'
import Table from 'cli-table3'
import { createEngine } from '../engine/create-engine.js'
import type { Generation, GenerationHandle, Timings } from '../engine/types.js'
import { ExitCode, UsageError } from '../errors.js'
import { writeWhole } from '../harness/output.js'
import type { JobNote } from '../payload/job.js'
import { command } from './command.js'
import { ENGINE_ARGS, engineOptions } from './engine-args.js'
import { REQUEST_ARGS, requestOf } from './generate-request.js'
import { bar, createProgress, duration } from './progress.js'

export const generate = command({
  name: 'generate',
  description: 'Draw a picture from a prompt, or from a recorded payload as it is',
  args: {
    ...REQUEST_ARGS,
    output: { type: 'string', alias: 'o', description: 'File to write: .png or .webp [default: SEED.png]' },
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
    [
      'horde-onnx generate "a red circle" --source photo.png --denoise 0.6',
      'starts from a picture; with --mask only its white parts are painted',
    ],
    [
      'horde-onnx generate "a red circle" --adapters my-loras --lora style:0.8',
      'with a LoRA at 0.8 of its strength, found as my-loras/style.safetensors',
    ],
    ['horde-onnx generate --payload pop.json -o job.webp', "draws a worker's job exactly as the Horde sent it"],
  ],
  async run({ args, signal }) {
    const { request, beyond } = await requestOf(args)
    const format = formatOf(args.output)
    const engine = await createEngine(engineOptions(args))
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    try {
      const handle = engine.generate(request, {
        format,
        signal,
        ...beyond,
        strict: args.strict === true,
        defaults: args.payload === undefined ? 'friendly' : 'horde',
      })
      for await (const event of handle) {
        if (event.type === 'planned') {
          if (args.payload === undefined) refuseMissing(event.notes, handle)
          progress.update('loading the model …')
        }
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

/** The Horde draws without an adapter that is missing; who named one on the command line wants it. */
function refuseMissing(notes: readonly JobNote[], handle: GenerationHandle): void {
  const missing = notes.find(note => note.missing !== undefined)
  if (missing === undefined) return
  handle.cancel()
  throw new UsageError(missing.message.replace(/: drawn without it$/, ' in the folders of --adapters'), {
    hint: 'adapters are found by the name of their file; horde-onnx doctor --adapters DIR counts what is there',
  })
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
