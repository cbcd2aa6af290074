import { unwrapPop } from '../../payload/parse.js'
import { FEATURES } from './space.js'

/** Enumerations whose default every payload has: they say something of a payload only where a fixture says so. */
const ALWAYS = [
  'seed',
  'cfg_scale',
  'denoising_strength',
  'clip_skip',
  'size',
  'steps',
  'defaults',
  'clamps',
  'lora:missing',
  'ti:missing',
]

/** What a recorded payload asks for, by the names of fixtures' features: for pops that nobody described. */
export function payloadFeatures(pop: Readonly<Record<string, unknown>>): string[] {
  const payload = 'payload' in pop ? unwrapPop(pop) : pop
  return FEATURES.filter(({ name, on }) => !ALWAYS.includes(name) && on(payload)).map(({ name }) => name)
}
