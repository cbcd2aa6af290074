/** A run as replay and check would leave it, of pictures drawn here: every verdict, every note, no engine. */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { DEFAULT_LIMITS } from '../../src/harness/gates/limits.js'
import { pixelGate } from '../../src/harness/gates/pixels.js'
import {
  type CaseFixture,
  type CaseResult,
  type CaseVerdict,
  type Environment,
  RUN_SCHEMA,
  type Run,
  type RunImage,
} from '../../src/harness/run-schema.js'

const ENVIRONMENT: Environment = {
  class: 'cpu-x64-avx2-fp32-ort1.30.0',
  provider: 'cpu',
  device: 'Example CPU 9000 8-Core Processor',
  isa: 'avx2',
  dtype: 'fp32',
  ort: '1.30.0',
  node: 'v20.20.2',
  platform: 'linux-x64',
  threads: 8,
  memoryBytes: 32 * 2 ** 30,
}

const SIDE = 128

const SHAPES = [
  '<circle cx="64" cy="64" r="38"/>',
  '<rect x="28" y="28" width="72" height="72"/>',
  '<path d="M64 20 108 100H20Z"/>',
  '<path d="m64 22 12 30 32 2-25 20 9 31-28-18-28 18 9-31-25-20 32-2Z"/>',
  '<path d="M64 104C10 66 24 26 48 28c10 1 14 9 16 14 2-5 6-13 16-14 24-2 38 38-16 76Z"/>',
]

const COLOURS = ['#d7263d', '#1b998b', '#8338ec', '#f4a259', '#3a86ff', '#ffb703', '#f6f1d1']

const BACKGROUNDS = ['#1d3557', '#f1ead7', '#2b2d42', '#264653', '#e8eef2', '#3d2c4f']

export const SAMPLERS = ['k_euler', 'k_euler_a', 'k_dpmpp_2m', 'DDIM']

interface Drawn {
  bytes: Buffer
  pixels: Uint8Array
  image: Omit<RunImage, 'file'>
}

type Change = 'none' | 'bits' | 'blur' | 'block' | 'swap'

/** Shape `index` on its background, with a change by which it leaves its golden. No two indices draw the same. */
async function draw(index: number, change: Change = 'none'): Promise<Drawn> {
  const pixels = Uint8Array.from(await shapeOn(index % 210, change))
  // A texture as decoders leave it, so that differences have something to differ in.
  for (let i = 0; i < pixels.length; i++) {
    const grain = (((i + index) * 2654435761) >>> 24) % 9
    pixels[i] = Math.min(255, (pixels[i] ?? 0) + grain + (change === 'bits' && i % 37 === 0 ? 1 : 0))
  }
  const bytes = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer()
  return { bytes, pixels, image: { width: SIDE, height: SIDE, channels: 3, sha256: sha256(pixels) } }
}

const drawn = new Map<string, Buffer>()

async function shapeOn(index: number, change: Change): Promise<Buffer> {
  const known = drawn.get(`${index} ${change}`)
  if (known) return known
  const pick = (list: readonly string[], i: number) => list[i % list.length]
  const square = change === 'block' ? '<rect x="80" y="84" width="24" height="20" fill="#000"/>' : ''
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="128" height="128" fill="${pick(BACKGROUNDS, index)}"/><g fill="${pick(COLOURS, index + (change === 'swap' ? 1 : 0))}">${pick(SHAPES, index)}</g>${square}</svg>`
  const picture = sharp(Buffer.from(svg)).removeAlpha()
  const raw = await (change === 'blur' ? picture.blur(2.4) : picture).raw().toBuffer()
  drawn.set(`${index} ${change}`, raw)
  return raw
}

export interface SyntheticCase {
  id: string
  change?: Change
  /** Pictures in its batch. */
  images?: number
  state?: CaseResult['state']
  verdict?: Partial<CaseVerdict>
  prompt?: string
  title?: string
  features?: string[]
  twin?: string
}

const WORDS = ['red circle', 'green square', 'violet triangle', 'orange star', 'teal heart']

/** One of every kind. */
export const EVERY_KIND: readonly SyntheticCase[] = [
  { id: 'sampler-k-euler', features: ['sampler', 'k_euler'] },
  { id: 'sampler-k-euler-a', features: ['sampler', 'k_euler_a'], twin: 'sampler-k-euler' },
  { id: 'sampler-ddim', change: 'swap', features: ['sampler', 'DDIM'], twin: 'sampler-k-euler' },
  { id: 'karras-off', change: 'block', features: ['karras', 'k_euler'], twin: 'sampler-k-euler' },
  { id: 'cfg-scale-12', change: 'blur', features: ['cfg_scale'] },
  { id: 'clip-skip-2', features: ['clip_skip'], change: 'bits' },
  { id: 'n-iter-3', images: 3, features: ['n_iter'] },
  { id: 'size-256x128', features: ['size'] },
  { id: 'long-prompt', features: ['prompt', 'weights'] },
  { id: 'seed-2-63', features: ['seed'] },
  {
    id: 'controlnet-canny',
    state: 'fault',
    features: ['controlnet', 'canny', 'annotator', 'img2img', 'strength'],
  },
  {
    id: 'new-case',
    features: ['prompt'],
    verdict: { verdict: 'no-golden', reason: 'nothing is approved for it: look at the picture and approve it' },
  },
  {
    id: 'tiling',
    change: 'block',
    features: ['tiling'],
    verdict: { verdict: 'waived', reason: 'waived by robin until 2027-01-31: seam of the old VAE' },
  },
]

/** Writes `cases` as a run into `folder`, after `edit` has changed what it wants to be otherwise. */
export async function writeSyntheticRun(
  folder: string,
  cases: readonly SyntheticCase[] = EVERY_KIND,
  edit: (run: Run, folder: string) => void | Promise<void> = () => {},
): Promise<Run> {
  await mkdir(join(folder, 'golden'), { recursive: true })
  const results: CaseResult[] = []
  for (const [index, each] of cases.entries()) results.push(await writeCase(folder, each, index))
  const run: Run = {
    schema: RUN_SCHEMA,
    id: '2026-11-23T21-40-12-3f9a',
    createdAt: '2026-11-23T21:40:12.000Z',
    complete: true,
    command: 'horde-onnx replay --check',
    backend: 'horde-onnx',
    version: '0.1.0',
    commit: '4e2a869c0ffee4e2a869c0ffee4e2a869c0ffee4',
    environment: ENVIRONMENT,
    models: [{ name: 'pocket-sd15', file: 'pocket-sd15.safetensors', sha256: sha256('pocket') }],
    wallMs: results.reduce((sum, { timings }) => sum + timings.total, 0),
    cases: results,
    pending: [],
  }
  await edit(run, folder)
  await writeFile(join(folder, 'run.json'), JSON.stringify(run))
  return run
}

async function writeCase(folder: string, each: SyntheticCase, index: number): Promise<CaseResult> {
  const { id, change = 'none', images: count = 1, state = 'ok' } = each
  const images: RunImage[] = []
  const goldens: RunImage[] = []
  const gates: CaseVerdict['gates'] = [
    { gate: 'contract', verdict: 'pass', reason: 'one picture of the size that was asked for', metrics: {} },
    { gate: 'plan', verdict: 'pass', reason: 'the plan is the approved one', metrics: {} },
  ]
  if (state === 'ok') {
    for (let i = 0; i < count; i++) {
      const golden = await draw(index + i)
      const candidate = change === 'none' ? golden : await draw(index + i, change)
      images.push({ file: `${index}.${i}.png`, ...candidate.image })
      goldens.push({ file: `golden/${index}.${i}.png`, ...golden.image })
      await writeFile(join(folder, `${index}.${i}.png`), candidate.bytes)
      await writeFile(join(folder, 'golden', `${index}.${i}.png`), golden.bytes)
      if (i > 0) continue
      const hashed = ({ pixels, image }: Drawn) => ({ sha256: image.sha256, picture: { ...image, pixels } })
      gates.push(
        pixelGate({
          candidate: [hashed(candidate)],
          golden: [hashed(golden)],
          limits: DEFAULT_LIMITS.kin.machine.pixels,
          closeIsFine: '',
        }),
      )
    }
  }
  const fault = {
    code: 'unsupported',
    message: 'control_type canny needs an annotator that is not here yet',
    hint: 'leave control_type out',
  }
  const last = gates.at(-1)
  const verdict: CaseVerdict =
    state === 'ok'
      ? {
          verdict: last === undefined || last.verdict === 'unmeasured' ? 'pass' : last.verdict,
          reason: last?.reason ?? '',
          ...(last && last.verdict !== 'pass' ? { gate: last.gate } : {}),
          gates,
          golden: { class: ENVIRONMENT.class, crossClass: false, images: goldens, approvedBy: 'robin' },
          ...each.verdict,
        }
      : {
          verdict: 'error',
          gate: 'contract',
          reason: `it ended in a fault, ${fault.code}: ${fault.message}`,
          gates: [],
        }
  if (verdict.verdict === 'no-golden') {
    delete verdict.golden
    verdict.gates = gates.slice(0, 1)
  }
  return {
    id,
    fixture: fixtureOf(each, index),
    state,
    images,
    faults: state === 'ok' ? [] : [fault],
    notes: [
      { field: 'cfg_scale', message: '1000.5 was lowered to 100' },
      { field: 'prompt', message: 'its last 12 tokens fall into a second chunk', quirk: '7' },
    ],
    plan: {
      version: 1,
      batch: count,
      passes: [{ width: SIDE, height: SIDE, steps: 20, sigmas: [14.6146, 8.1, 3.4, 1.2, 0.03, 0] }],
    },
    planSha256: sha256(`plan ${id}`),
    fingerprints: { noise: sha256(`noise ${id}`), latent: sha256(`latent ${id}`) },
    timings: timingsOf(index),
    retries: index === 6 ? 1 : 0,
    verdict,
  }
}

function fixtureOf({ id, prompt, title, features = [], twin }: SyntheticCase, index: number): CaseFixture {
  const text = prompt ?? `a ${WORDS[index % WORDS.length]} on a plain background, (flat:1.3) ### blurry`
  const payload = `{"id":"${index}","model":"pocket-sd15","payload":{"prompt":${JSON.stringify(text)},"seed":"9223372036854775807","ddim_steps":20,"cfg_scale":7.5,"sampler_name":"${SAMPLERS[index % SAMPLERS.length]}","width":128,"height":128,"n_iter":1,"karras":true,"loras":[{"name":"x","model":1.0}]}}`
  return {
    version: 1,
    title: title ?? `${id.replaceAll('-', ' ')}: ${WORDS[index % WORDS.length]}`,
    features,
    ...(twin === undefined ? {} : { twin }),
    output: 'photo',
    source: 'written by us after the shape of real payloads',
    payload,
    payloadSha256: sha256(payload),
  }
}

function timingsOf(index: number): CaseResult['timings'] {
  const steps = Array.from({ length: 20 }, (_, step) => ({
    inside: 38 + ((index * 7 + step * 13) % 9) + (step === 0 ? 22 : 0),
    outside: 1.1 + ((step * 5) % 4) / 5,
  }))
  const denoising = steps.reduce((sum, { inside, outside }) => sum + inside + outside, 0)
  const phases = { load: index === 0 ? 410 : 0, encode: 21, decode: 88, output: 14 }
  return { ...phases, steps, total: denoising + phases.load + phases.encode + phases.decode + phases.output + 9 }
}

function sha256(value: string | Uint8Array): string {
  return createHash('sha256').update(value).digest('hex')
}
