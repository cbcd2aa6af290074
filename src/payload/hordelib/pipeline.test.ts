import { describe, expect, it } from 'vitest'
import { asInPack, markedImage, packMissing, readPack } from '../../../test/support/hordelib-pack.js'
import { toDict } from '../python.js'
import { clampPayload } from './clamp.js'
import { normalisePayload } from './normalise.js'
import { selectPipeline } from './pipeline.js'

const { models, cases } = packMissing === '' ? readPack('graph-params.json') : { models: {}, cases: [] }

describe.skipIf(packMissing !== '')(`the graph that hordelib chooses${packMissing}`, () => {
  it.each(cases.filter(c => 'pipeline' in c).map(c => [c.id, c] as const))('%s', (_, c) => {
    const raw = c.in as { model: string }
    const model = {
      name: raw.model,
      ...(models as Record<string, { baseline: string; inpainting: boolean }>)[raw.model],
    } as never
    const makePicture = ({ width, height }: { width: number; height: number }) =>
      markedImage(`<PIL ${width}x${height} RGB>`)
    const normal = normalisePayload(toDict(raw), { model, makePicture }).payload
    const { payload } = clampPayload(normal, { randomSeed: () => 0n })
    expect(selectPipeline(payload, (model as { baseline: string }).baseline)).toBe(asInPack(c.pipeline))
  })
})
