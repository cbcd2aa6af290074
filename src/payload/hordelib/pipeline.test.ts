import { describe, expect, it } from 'vitest'
import { asInPack, markedImage, packMissing, readPack } from '../../../test/support/hordelib-pack.js'
import { PayloadError } from '../../errors.js'
import { toDict } from '../python.js'
import { clampPayload } from './clamp.js'
import { type MissingPicture, normalisePayload } from './normalise.js'
import { selectPipeline } from './pipeline.js'
import { readPostProcessing } from './post-processing.js'

const { defaults, models, cases } =
  packMissing === '' ? readPack('graph-params.json') : { defaults: {}, models: {}, cases: [] }

/** Worked on later: prompts and adapters when they are resolved, pictures when they are resized. */
const LATER = ['prompt', 'negative_prompt', 'loras', 'source_image', 'source_mask']

describe.skipIf(packMissing !== '')(`the graph that hordelib chooses${packMissing}`, () => {
  it.each(cases.filter(c => 'pipeline' in c).map(c => [c.id, c] as const))('%s', (_, c) => {
    const raw = c.in as { model: string }
    const traits = (models as Record<string, { baseline: string; inpainting: boolean }>)[raw.model]
    if (traits === undefined) throw new Error(`no model ${raw.model} in the pack`)
    const makePicture = ({ width, height }: MissingPicture) => markedImage(`<PIL ${width}x${height} RGB>`)
    const normal = normalisePayload(toDict(raw), { model: { name: raw.model, ...traits }, makePicture }).payload
    const { payload } = clampPayload(normal, { randomSeed: () => 0n })
    expect(selectPipeline(payload, traits.baseline)).toBe(asInPack(c.pipeline))

    const typed = asInPack({ ...(defaults as object), ...(c.typed as object) }) as Record<string, unknown>
    const settled = Object.entries(typed).filter(([field, value]) => !LATER.includes(field) && value !== '<random>')
    expect(asInPack(payload)).toMatchObject(Object.fromEntries(settled))
  })
})

describe.skipIf(packMissing !== '')(`the order of post-processors${packMissing}`, () => {
  it.each(cases.filter(c => String(c.id).startsWith('post_')).map(c => [c.id, c] as const))('%s', (_, c) => {
    const read = () => readPostProcessing(toDict(c.in as object)).names
    if ('raises' in c) {
      expect(read).toThrow(PayloadError)
      return
    }
    // The pack has one entry for each post-processor and picture.
    const images = (c.in as { n_iter?: number }).n_iter ?? 1
    const ran = (c.post_processing as string[] | undefined) ?? []
    expect(read().flatMap(name => Array(images).fill(name))).toEqual(ran)
  })
})
