import { afterAll, describe, expect, it } from 'vitest'
import { createEngine } from '../src/engine/create-engine.js'
import { canonicalJson } from '../src/harness/canonical.js'
import { loadFixtures } from '../src/harness/fixture/load.js'

const fixtures = await loadFixtures('fixtures/payloads')
const engine = await createEngine()
afterAll(() => engine.close())

/** What is planned for each payload; control maps need no plan. */
const planned = new Map(
  await Promise.all(fixtures.map(async ({ id, payload }) => [id, await engine.plan(payload)] as const)),
)

/** Without what says only why it came out so. */
function computed(id: string): string {
  const { plan } = planned.get(id) ?? {}
  return canonicalJson({ ...plan, quirks: [] })
}

describe('the shipped payloads, planned and not drawn', () => {
  it('find the adapters that they name, and fault where that is what they are there for', () => {
    for (const { id, expect: expectation, output } of fixtures) {
      if (output === 'control_map') continue
      const fault = expectation !== undefined && 'fault' in expectation ? expectation.fault : undefined
      expect(planned.get(id)?.faults[0]?.code, id).toBe(fault)
    }
  })

  it('are drawn without an adapter only where it is the point that there is none', () => {
    const missing = [...planned].filter(([, { notes }]) => notes.some(note => note.missing !== undefined))
    expect(missing.map(([id]) => id).sort()).toEqual(['lora-missing', 'ti-missing'])
  })

  it('are planned differently from their twins', () => {
    for (const { id, twin, output } of fixtures) {
      if (twin !== undefined && output !== 'control_map') expect(computed(id), id).not.toBe(computed(twin))
    }
  })

  it('are planned alike where the Horde makes no difference, but for what is lost on the way to the picture', () => {
    const differing = fixtures.flatMap(({ id, expect: expectation }) =>
      expectation !== undefined && 'same_as' in expectation && computed(id) !== computed(expectation.same_as)
        ? [id]
        : [],
    )
    // Two samplers look at the ends of the schedule alone; two pictures differ in what 8×8 blocks of the latent do not see.
    expect(differing).toEqual(['control-own-map', 'dpm-adaptive-normal', 'dpm-fast-normal', 'img2img-mask-small'])
  })
})
