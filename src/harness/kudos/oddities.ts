/** Where the Horde's kudos model asks less for more: it is reproduced as it is, and what is odd about it is said. */
import { KUDOS_CONTROL_TYPES, KUDOS_POST_PROCESSORS } from './features.js'
import type { KudosCase, KudosSection } from './kudos-schema.js'
import { type KudosModel, kudosSeconds } from './model.js'
import type { KudosPayload } from './payload.js'

interface PricedCase {
  entry: KudosCase
  payload: KudosPayload
}

/**
 * Looks around every kind of payload of a run (without adapters, which the model does not see): more steps, a larger
 * picture, a control type or a post-processor must not make it cheaper, and here they do.
 */
export function kudosOddities(model: KudosModel, cases: readonly PricedCase[]): KudosSection['oddities'] {
  const found = new Map<string, string>()
  for (const { payload } of cases) {
    for (const { what, message } of oddities(model, payload)) if (!found.has(what)) found.set(what, message)
  }
  return [...found].map(([what, message]) => ({ what, message }))
}

function oddities(model: KudosModel, payload: KudosPayload): KudosSection['oddities'] {
  const seconds = (change: Partial<KudosPayload> = {}) => {
    const answer = kudosSeconds(model, { ...payload, ...change })
    return typeof answer === 'number' ? answer : undefined
  }
  const plain = seconds()
  if (plain === undefined) return []
  const size = `${payload.width}×${payload.height}, ${payload.steps} steps of ${payload.sampler}`
  const cheaper = (what: string, change: Partial<KudosPayload>, from = seconds()) => {
    const changed = seconds(change)
    if (changed === undefined || from === undefined || changed >= from) return []
    return [{ what, message: `${size}: ${what} is expected to take ${changed} s, without it ${from} s` }]
  }
  const withoutControl: Partial<KudosPayload> = {
    controlType: undefined,
    sourceImage: true,
    sourceProcessing: 'img2img',
  }
  return [
    ...cheaper('ten more steps', { steps: payload.steps + 10 }),
    ...cheaper('128 more pixels a side', { width: payload.width + 128, height: payload.height + 128 }),
    ...cheaper('hires fix', { hiresFix: true }, seconds({ hiresFix: false })),
    ...cheaper(
      'a source',
      { sourceImage: true, sourceProcessing: 'img2img' },
      seconds({ sourceImage: false, sourceProcessing: 'txt2img' }),
    ),
    ...KUDOS_CONTROL_TYPES.filter(name => name !== 'None').flatMap(name =>
      cheaper(`control type ${name}`, { ...withoutControl, controlType: name }, seconds(withoutControl)),
    ),
    ...KUDOS_POST_PROCESSORS.flatMap(name =>
      cheaper(`post-processor ${name}`, { postProcessing: [name] }, seconds({ postProcessing: [] })),
    ),
    ...(plain <= 0 ? [{ what: 'no time at all', message: `${size} is expected to take ${plain} s` }] : []),
  ]
}
