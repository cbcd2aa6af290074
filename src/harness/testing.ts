/** What the tests of this folder share: small pictures, cases and an engine that draws without a model. */
import { createHash } from 'node:crypto'
import type {
  Engine,
  EngineEvent,
  GeneratedImage,
  GenerateOptions,
  GenerateRequest,
  Generation,
} from '../engine/types.js'
import { encodeImage } from '../imaging/encode.js'
import { sha256Hex } from './canonical.js'
import type { Picture } from './metrics/picture.js'
import type { CaseResult, Environment } from './run-schema.js'

export const ENVIRONMENT: Environment = {
  class: 'cpu-x64-avx512-fp32-ort1.30.0',
  provider: 'cpu',
  device: 'AMD EPYC 9R14',
  isa: 'avx512',
  dtype: 'fp32',
  ort: '1.30.0',
  node: '20.19.0',
  platform: 'linux-x64',
  threads: 2,
  memoryBytes: 8e9,
}

/** A picture of 64×64 that depends on `seed`: a blot on a slope. */
export function blot(seed: number, { width = 64, height = 64 } = {}): Picture {
  const pixels = new Uint8Array(width * height * 3)
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)]
    const inside = (x - 20 - (seed % 24)) ** 2 + (y - 32) ** 2 < 150
    pixels[i] = inside ? 220 - 60 * (i % 3) : (x + y + 40 * (i % 3) + seed) % 200
  }
  return { width, height, channels: 3, pixels }
}

export function edited(picture: Picture, edit: (value: number, index: number) => number): Picture {
  const clamp = (value: number) => Math.min(255, Math.max(0, value))
  return { ...picture, pixels: picture.pixels.map((value, index) => clamp(edit(value, index))) }
}

export function caseOf(id: string, picture: Picture, more: Partial<CaseResult> = {}): CaseResult {
  const { width, height, channels, pixels } = picture
  return {
    id,
    fixture: { version: 1, features: [], output: 'photo', payload: '{}', payloadSha256: sha256Hex('{}') },
    state: 'ok',
    images: [{ file: `images/${id}.0.png`, width, height, channels, sha256: sha256Hex(pixels) }],
    faults: [],
    notes: [],
    plan: { version: 1, batch: 1, passes: [{ width, height, sampler: 'euler', sigmas: [14.6, 1, 0] }] },
    planSha256: sha256Hex('plan'),
    fingerprints: { cond: sha256Hex('cond'), noise: sha256Hex('noise'), latent: sha256Hex('latent') },
    timings: { load: 0, encode: 1, steps: [{ inside: 1, outside: 0 }], decode: 1, output: 1, total: 4 },
    retries: 0,
    ...more,
  }
}

/** What a fake engine makes of a payload; throwing is allowed. */
export type Draw = (payload: {
  seed: number
  prompt: string
}) => Partial<Omit<Generation, 'images'>> & { pictures?: Picture[] }

const drawBlot: Draw = ({ seed }) => ({ pictures: [blot(seed)] })

interface FakeEngineOptions {
  draw?: Draw
  environment?: Environment
  /** Overrules what came of a request. */
  answer?: (request: GenerateRequest, id: string) => Partial<Generation>
}

/** An engine without a model: `draw` makes the pictures, in one step of a few milliseconds. */
export function fakeEngine({
  draw = drawBlot,
  environment = ENVIRONMENT,
  answer = () => ({}),
}: FakeEngineOptions = {}): Engine {
  async function generation(request: GenerateRequest, id: string): Promise<Generation> {
    const { payload } = typeof request === 'string' ? JSON.parse(request) : { payload: { seed: 1 } }
    const { pictures = [], ...more } = draw(payload)
    const images = await Promise.all(pictures.map(generated))
    const [{ width, height } = { width: 64, height: 64 }] = pictures
    return {
      id,
      state: 'ok',
      images,
      faults: [],
      notes: [],
      fingerprints: { noise: createHash('sha256').update(String(payload.seed)).digest('hex') },
      timings: { load: 0, encode: 1, steps: [{ inside: 1, outside: 0 }], decode: 1, output: 1, total: 4 },
      retries: 0,
      ...(more.state === 'fault'
        ? {}
        : { plan: planOf({ width, height, batch: images.length, seed: String(payload.seed) }) }),
      ...more,
      ...answer(request, id),
    }
  }

  return {
    generate(request, options: GenerateOptions = {}) {
      const id = options.id ?? 'unnamed'
      const outcome = generation(request, id)
      outcome.catch(() => {})
      return {
        id,
        cancel() {},
        // biome-ignore lint/suspicious/noThenProperty: a handle is awaited for its generation
        then: (resolve, reject) => outcome.then(resolve, reject),
        async *[Symbol.asyncIterator](): AsyncGenerator<EngineEvent> {
          yield { type: 'step', step: 0, steps: 1, pass: 0, passes: 1 }
          await new Promise(resolve => setTimeout(resolve, 5))
          const aborted = options.signal?.aborted === true
          yield {
            type: 'finished',
            generation: aborted ? { ...(await outcome), state: 'cancelled', images: [] } : await outcome,
          }
        },
      }
    },
    async plan(request) {
      const { plan, notes, faults } = await generation(request, 'planned')
      return { ...(plan === undefined ? {} : { plan }), notes, faults }
    },
    environment: async () => ({ ...environment, providers: [environment.provider] }),
    release: async () => {},
    stats: () => ({ lanes: [], deaths: {}, recycled: 0, ended: {}, history: [] }),
    close: async () => {},
  }
}

async function generated(picture: Picture): Promise<GeneratedImage> {
  const { width, height, pixels } = picture
  const file = await encodeImage({ width, height, channels: 3, pixels, format: 'png' })
  return { ...picture, sha256: sha256Hex(pixels), format: 'png', file }
}

function planOf({
  width,
  height,
  batch,
  seed,
}: {
  width: number
  height: number
  batch: number
  seed: string
}): NonNullable<Generation['plan']> {
  return {
    version: 1,
    model: {
      name: 'none',
      baseline: 'stable_diffusion_1',
      facts: {
        family: 'sd1',
        textEncoders: [],
        unet: {
          prefix: '',
          modelChannels: 64,
          inChannels: 4,
          outChannels: 4,
          contextDim: 128,
          heads: { count: 8 },
          linearProjections: false,
        },
        vae: { prefix: '', scaleFactor: 0.18215, latentChannels: 4 },
        sampling: { prediction: 'eps', zeroTerminalSnr: false },
      },
    },
    text: { hidden: [], cond: {}, uncond: {}, empty: {} },
    loras: [],
    batch,
    passes: [
      {
        width,
        height,
        steps: 1,
        sampler: 'euler',
        scheduler: 'karras',
        sigmas: [14.6, 0],
        denoise: 1,
        cfgScale: 5,
        seed,
        stepNoise: 'cuda',
        start: 'empty',
      },
    ],
    tiling: false,
    quirks: [],
  }
}
