/**
 * What changing LoRAs costs on the full-size graphs of Stable Diffusion 1.5 with random weights, against creating the
 * sessions again. Needs 12 GB of memory and 4 GB in the folder for temporary files.
 *
 *   npx esbuild bench/lora-switch.ts --bundle --platform=node --format=esm --packages=external --outfile=dist-bench/lora-switch.js
 *   node dist-bench/lora-switch.js
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import Table from 'cli-table3'
import { writeRandomWeights } from '../src/harness/bench/full-size/random-weights.js'
import { type Shapes, sd15TextEncoder, sd15Unet, VAE_STUB } from '../src/harness/bench/full-size/shapes.js'
import { withLoras } from '../src/lane/lora/adapted-model.js'
import type { LaneModel } from '../src/lane/model.js'
import type { LaneTask } from '../src/lane/protocol.js'
import type { Session } from '../src/lane/session.js'
import { openCheckpoint } from '../src/models/checkpoint.js'
import { detectModel } from '../src/models/detect.js'
import { residentModel } from './resident-model.js'

const RANK = 32
const REPEATS = 5
const STEPS = 2
const MERGES = 2

const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-bench-'))
try {
  await bench()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const file = join(folder, 'sd15.safetensors')
  await writeRandomWeights(file, { ...VAE_STUB, ...sd15TextEncoder(), ...sd15Unet() })
  const facts = await detectModel(await openCheckpoint(file))
  for (const [i, name] of ['a', 'b'].entries()) {
    const random = { scale: 0.01, seed: 2 + i }
    await writeRandomWeights(join(folder, `lora-${name}`), loraShapes('matrices'), random)
    await writeRandomWeights(join(folder, `locon-${name}`), loraShapes('all'), random)
    await writeRandomWeights(join(folder, `loha-${name}`), lohaShapes(), random)
    await writeRandomWeights(join(folder, `dora-${name}`), { ...loraShapes('matrices'), ...doraScales() }, random)
    await writeRandomWeights(join(folder, `diff-${name}`), differences(), random)
  }
  const taskOf = (name?: string): LaneTask => ({
    id: name ?? 'plain',
    file,
    priority: 0,
    embeddings: {},
    keep: {},
    loras: name === undefined ? [] : [join(folder, name)],
    plan: {
      version: 1,
      model: { name: 'sd15', baseline: 'stable_diffusion_1', facts },
      text: { hidden: [], cond: {}, uncond: {}, empty: {} },
      loras: name === undefined ? [] : [{ name, model: 1, clip: 1, sha256: name }],
      batch: 1,
      passes: [],
      tiling: false,
      quirks: [],
    },
  })
  const open = () => residentModel(taskOf(), availableParallelism())

  const rows: Row[] = []
  const measure = async (what: string, repeats: number, body: (i: number) => Promise<unknown>) => {
    const times: number[] = []
    for (let i = 0; i < repeats; i++) {
      const since = performance.now()
      await body(i)
      times.push(performance.now() - since)
    }
    const row = rows.find(row => row.what === what)
    if (row === undefined) rows.push({ what, times })
    else row.times.push(...times)
    process.stderr.write(`${what}: ${times.map(time => time.toFixed(0)).join(', ')} ms\n`)
  }

  const other = (kind: string, i: number) => `${kind}-${i % 2 === 0 ? 'a' : 'b'}`
  const unetOf = async (model: LaneModel, name?: string) => (await withLoras(model, taskOf(name))).unet()
  const textOf = async (model: LaneModel, name?: string) => (await withLoras(model, taskOf(name))).textEncoder('clip-l')

  // Creating and changing take turns, so that both see the same machine.
  for (const kind of ['lora', 'locon']) {
    for (let round = 0; round < REPEATS; round++) {
      await inFresh(open, async model => {
        await measure(`UNet: create the session that takes ${kind}`, 1, () => unetOf(model, `${kind}-b`))
        await measure(`UNet: change to another ${kind} of rank ${RANK}`, 2, i => unetOf(model, other(kind, i)))
        if (kind !== 'lora') return
        await measure('text encoder: create the session that takes LoRAs', 1, () => textOf(model, 'lora-b'))
        await measure('text encoder: change to another LoRA', 2, i => textOf(model, other('lora', i)))
      })
    }
  }
  await inFresh(open, async model => {
    const plain = await unetOf(model)
    const jobs = [await unetOf(model, 'lora-a'), await unetOf(model, 'lora-b')]
    for (let round = 0; round < STEPS; round++) {
      await measure('UNet: a step of 512×512 without LoRA', 1, () => step(plain))
      for (const job of jobs) await measure('UNet: a step, two jobs of different LoRAs in turn', 1, () => step(job))
      await measure('UNet: a step of 512×512 without LoRA', 1, () => step(plain))
    }
  })
  for (const kind of ['loha', 'dora', 'diff']) {
    await inFresh(open, async model => {
      await measure(`UNet: change to another ${kind} (merged, a session of its own)`, MERGES, i =>
        unetOf(model, other(kind, i)),
      )
    })
  }
  print(rows)
}

interface Row {
  what: string
  times: number[]
}

type Resident = Awaited<ReturnType<typeof residentModel>>

async function inFresh(open: () => Promise<Resident>, body: (model: LaneModel) => Promise<void>): Promise<void> {
  const model = await open()
  await body(model)
  await model.release()
}

/** One run of two rows: a prompt and its negative. */
function step(unet: Session) {
  const filled = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((all, size) => all * size, 1)).fill(0.1),
  })
  return unet.run({ x: filled(2, 4, 64, 64), timesteps: filled(2), context: filled(2, 77, 768) }, ['out'])
}

/** Modules of a LoRA by kohya's names. */
function targets(kinds: 'matrices' | 'all'): [name: string, shape: readonly number[]][] {
  const found: [string, readonly number[]][] = []
  for (const [key, shape] of Object.entries({ ...sd15Unet(), ...sd15TextEncoder() })) {
    const layer = shape.length === 2 || (shape.length === 4 && (kinds === 'all' || /proj_(in|out)\.weight$/.test(key)))
    if (!layer || /_embedding|time_embed|emb_layers/.test(key)) continue
    const name = key
      .replace(/\.weight$/, '')
      .replace('model.diffusion_model.', 'lora_unet_')
      .replace('cond_stage_model.transformer.text_model.', 'lora_te_text_model_')
    found.push([name.replaceAll('.', '_'), shape])
  }
  return found
}

function loraShapes(kinds: 'matrices' | 'all'): Shapes {
  return Object.fromEntries(
    targets(kinds).flatMap(([name, [out = 0, inner = 0, ...kernel]]) => [
      [`${name}.lora_down.weight`, [RANK, inner, ...kernel]],
      [`${name}.lora_up.weight`, [out, RANK, ...kernel.map(() => 1)]],
    ]),
  )
}

function lohaShapes(): Shapes {
  return Object.fromEntries(
    targets('matrices').flatMap(([name, [out = 0, inner = 0]]) =>
      ['hada_w1', 'hada_w2'].flatMap(side => [
        [`${name}.${side}_a`, [out, 8]],
        [`${name}.${side}_b`, [8, inner]],
      ]),
    ),
  )
}

function doraScales(): Shapes {
  return Object.fromEntries(targets('matrices').map(([name, [, inner = 0]]) => [`${name}.dora_scale`, [1, inner]]))
}

function differences(): Shapes {
  return Object.fromEntries(targets('matrices').map(([name, shape]) => [`${name}.diff`, shape]))
}

function print(rows: readonly Row[]): void {
  const table = new Table({ head: ['what', 'median', 'least', 'most'], style: { head: [], border: [] } })
  const show = (time: number | undefined) => `${(time ?? 0).toFixed(0)} ms`
  for (const { what, times } of rows) {
    const sorted = times.toSorted((a, b) => a - b)
    table.push([what, show(sorted[Math.floor(sorted.length / 2)]), show(sorted[0]), show(sorted.at(-1))])
  }
  console.log(table.toString())
}
