import { createEngine } from 'horde-onnx'
import { describe, expect, it } from 'vitest'
import { psnr } from '../src/harness/metrics/psnr.js'
import { createLane } from '../src/lane/lane.js'
import type { FromLane, LaneResult } from '../src/lane/protocol.js'
import type { Plan } from '../src/plan/types.js'

const FILE = 'fixtures/models/pocket/pocket-sd15.safetensors'
const MIB = 2 ** 20

async function planOf(payload: Record<string, unknown>): Promise<Plan> {
  const engine = await createEngine()
  const { plan } = await engine.plan({
    model: 'pocket-sd15',
    payload: {
      prompt: 'a red circle on a blue background',
      seed: 7,
      ddim_steps: 2,
      sampler_name: 'k_euler',
      ...payload,
    },
  })
  if (plan === undefined) throw new Error('no plan')
  return plan
}

/** Runs plans in one lane that may use so much memory beside what is loaded. */
async function run(plans: Record<string, Plan>, available: number): Promise<Map<string, FromLane>> {
  const ends = new Map<string, FromLane>()
  const lane = createLane(
    {
      device: { provider: 'cpu', index: 0, name: '' },
      dtype: 'fp32',
      threads: 2,
      deterministic: false,
      ramToLeaveFree: { bytes: 0 },
    },
    message => {
      if (message.type === 'done' || message.type === 'fault') ends.set(message.id, message)
    },
    { available: () => available, leaveFree: 0, total: available },
  )
  await Promise.all(
    Object.entries(plans).map(([id, plan]) =>
      lane.run({ id, plan, priority: 0, file: FILE, embeddings: {}, loras: [], keep: {} }),
    ),
  )
  await lane.close()
  return ends
}

function resultOf(end: FromLane | undefined): LaneResult {
  if (end?.type !== 'done') throw new Error(JSON.stringify(end))
  return end.result
}

describe('a lane that is short of memory', () => {
  it('decodes in tiles what it cannot decode whole, says so, and draws nearly the same', async () => {
    const plan = await planOf({ width: 256, height: 256 })
    const whole = resultOf((await run({ plan }, 4096 * MIB)).get('plan'))
    const tiled = resultOf((await run({ plan }, 100 * MIB)).get('plan'))
    expect(whole.notes).toEqual([])
    expect(tiled.notes).toMatchObject([{ field: 'memory', message: expect.stringContaining('in tiles of 128 pixels') }])
    expect(tiled.fingerprints.latent).toBe(whole.fingerprints.latent)
    const [a, b] = [whole.images[0], tiled.images[0]]
    expect(a && b && psnr(a, b)).toBeGreaterThan(25)
  }, 180_000)

  it('refuses the job that asks for more than there is, and draws the one beside it', async () => {
    const ends = await run(
      { giant: await planOf({ width: 2048, height: 2048 }), small: await planOf({ width: 64, height: 64 }) },
      200 * MIB,
    )
    expect(ends.get('giant')).toMatchObject({
      type: 'fault',
      fault: { code: 'out-of-memory', message: expect.stringMatching(/running unet needs about \d+ MiB/) },
    })
    expect(resultOf(ends.get('small')).images).toHaveLength(1)
  })
})
