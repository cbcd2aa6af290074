/** Payloads drawn from a distribution that a seed repeats: what a predictor is trained and judged on. docs/kudos.md publishes it. */
import { HORDE_SAMPLERS } from '../../../payload/hordelib/samplers.js'
import { seededRandom } from '../../bench/random.js'

/** Words of the pocket model's world, and some that it does not know: their number is what counts. */
const WORDS = [
  'red',
  'blue',
  'green',
  'small',
  'large',
  'circle',
  'square',
  'star',
  'on',
  'a',
  'yellow',
  'background',
  'castle',
  'at',
  'dawn',
]

export interface DrawPayloadsOptions {
  count: number
  seed: number
  model: string
  /** Sides are multiples of 64 pixels up to this. @default 256 */
  largest?: number
}

/** One JSON payload each, by an id. */
export function drawPayloads({
  count,
  seed,
  model,
  largest = 256,
}: DrawPayloadsOptions): { id: string; payload: string }[] {
  const random = seededRandom(seed)
  const whole = (low: number, high: number) => low + Math.floor(random() * (high - low + 1))
  const one = <T>(choices: readonly T[]): T => {
    const choice = choices[whole(0, choices.length - 1)]
    if (choice === undefined) throw new RangeError('nothing to choose from')
    return choice
  }
  return Array.from({ length: count }, (_, i) => {
    const words = Array.from({ length: random() < 0.1 ? whole(70, 160) : whole(3, 30) }, () => one(WORDS))
    const payload = {
      prompt: random() < 0.5 ? words.join(' ') : `${words.join(' ')} ### ${one(WORDS)}`,
      seed: whole(0, 2 ** 31),
      ddim_steps: whole(4, 30),
      width: 64 * whole(1, largest / 64),
      height: 64 * whole(1, largest / 64),
      cfg_scale: random() < 0.1 ? 1 : whole(2, 24) / 2,
      // How many steps k_dpm_adaptive takes is up to the picture.
      sampler_name: one(HORDE_SAMPLERS.filter(name => name !== 'k_dpm_adaptive')),
      karras: random() < 0.6,
      clip_skip: one([1, 1, 2]),
      n_iter: random() < 0.15 ? whole(2, 4) : 1,
      denoising_strength: 1,
      post_processing: [],
    }
    return {
      id: `drawn-${seed}-${String(i).padStart(4, '0')}`,
      payload: JSON.stringify({ payload, model }, undefined, 1),
    }
  })
}
