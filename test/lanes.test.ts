import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, type Engine, type EngineOptions } from 'horde-onnx'
import { afterEach, describe, expect, it } from 'vitest'
import { ROOT, temporaryFolder } from './support/cli.js'
import { heard, lanesOf, until } from './support/processes.js'

/** Small jobs that differ in everything that may differ. */
const JOBS = [
  { sampler_name: 'k_euler', ddim_steps: 4, width: 64, height: 64, cfg_scale: 5 },
  { sampler_name: 'k_euler_a', ddim_steps: 3, width: 64, height: 64, cfg_scale: 9 },
  { sampler_name: 'k_dpmpp_2m', ddim_steps: 5, width: 64, height: 128, cfg_scale: 5 },
  { sampler_name: 'k_heun', ddim_steps: 2, width: 64, height: 64, cfg_scale: 1 },
  { sampler_name: 'k_dpmpp_sde', ddim_steps: 3, width: 64, height: 64, cfg_scale: 5, n_iter: 2 },
  { sampler_name: 'k_euler', ddim_steps: 4, width: 64, height: 64, cfg_scale: 5, clip_skip: 2 },
].map((payload, seed) => ({
  model: 'pocket-sd15',
  payload: { prompt: `a red circle, ${'very '.repeat(40 * (seed % 2))}red`, seed, karras: true, ...payload },
}))

let engine: Engine
afterEach(() => engine?.close())

const open = async (options?: EngineOptions) => {
  engine = await createEngine(options)
  return engine
}

async function together(options?: EngineOptions): Promise<(string | undefined)[]> {
  await open(options)
  const generations = await Promise.all(JOBS.map(job => engine.generate(job)))
  expect(generations.flatMap(({ faults }) => faults)).toEqual([])
  return generations.flatMap(({ images }) => images.map(({ sha256 }) => sha256))
}

describe('many jobs at once', () => {
  it('are what each is alone: bit for bit where that is asked for, and here without being asked', async () => {
    const alone = await together({ inFlight: 1 })
    await engine.close()
    const deterministic = await together({ deterministic: true })
    expect(deterministic).toEqual(alone)
    expect(engine.stats().lanes[0]?.scheduler).toMatchObject({ most: 1 })
    await engine.close()
    const batched = await together()
    expect(engine.stats().lanes[0]?.scheduler?.most).toBeGreaterThan(1)
    expect(batched).toEqual(alone)
  }, 180_000)

  it('in several lanes are what they are in one', async () => {
    const two = await together({ lanes: 2, threads: 2, inFlight: 2 })
    expect(engine.stats().lanes).toHaveLength(2)
    await engine.close()
    expect(two).toEqual(await together({ threads: 1 }))
  }, 180_000)

  it('a job whose time is over is a fault, and the others go on', async () => {
    await open()
    const [job] = JOBS
    const slow = { ...job, payload: { ...job?.payload, ddim_steps: 400 } }
    const [expired, other] = await Promise.all([engine.generate(slow, { ttlMs: 1500 }), engine.generate(job ?? {})])
    expect(expired.faults).toMatchObject([{ code: 'expired' }])
    expect(other.state).toBe('ok')
    expect(engine.stats().ended).toEqual({ expired: 1, done: 1 })
  })

  it('that were in a lane that died too often run alone, and come through', async () => {
    await open({ retries: 1 })
    let [killed, restarted] = [false, false]
    const most: number[] = []
    const generations = await Promise.all(
      JOBS.slice(0, 3).map(async job => {
        // Long enough that none is done when the lane is killed.
        const handle = engine.generate({ ...job, payload: { ...job.payload, ddim_steps: 60 } })
        for await (const event of handle) {
          restarted ||= event.type === 'restarted'
          if (event.type !== 'step') continue
          if (restarted) most.push(engine.stats().lanes[0]?.jobs ?? 0)
          else if (!killed) for (const pid of lanesOf(process.pid)) process.kill(pid, 'SIGKILL')
          killed = true
        }
        return handle
      }),
    )
    expect(generations.map(({ state, retries }) => [state, retries])).toEqual(JOBS.slice(0, 3).map(() => ['ok', 1]))
    expect(Math.max(...most)).toBe(1)
    expect(engine.stats().deaths).toEqual({ 'it was ended by SIGKILL': 1 })
  })
})

describe('memory', () => {
  it('that is not there is a fault that says what was needed', async () => {
    await open({ ramToLeaveFree: '100%' })
    const { faults } = await engine.generate(JOBS[0] ?? {})
    expect(faults).toMatchObject([{ code: 'out-of-memory', message: expect.stringMatching(/text encoder.* MiB/) }])
  })

  it('creeping beyond the limit replaces the lane between two jobs', async () => {
    // Whatever it is, it is too much.
    await open({ recycleBytes: Number.NEGATIVE_INFINITY })
    const first = await engine.generate(JOBS[0] ?? {})
    const [lane] = engine.stats().lanes
    expect(lane?.networks?.find(({ name }) => name === 'unet')?.estimated).toBeGreaterThan(1e7)
    const second = await engine.generate(JOBS[0] ?? {})
    expect(second.images[0]?.sha256).toBe(first.images[0]?.sha256)
    expect(engine.stats().recycled).toBeGreaterThan(0)
  })
})

describe('an engine that is killed', () => {
  const script = `
    import { createEngine } from 'horde-onnx'
    const engine = await createEngine()
    const payload = { prompt: 'a red circle', seed: 1, width: 256, height: 256, ddim_steps: 200 }
    for await (const event of engine.generate({ model: 'pocket-sd15', payload })) console.log(event.type)`

  it('leaves no lane and no temporary files behind, even where the lane is computing', async () => {
    const folder = temporaryFolder('killed')
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await heard(parent.stdout, 'step')
    const lanes = lanesOf(parent.pid ?? 0)
    expect(lanes).toHaveLength(1)
    // What a merge of LoRAs would have left there.
    mkdirSync(join(folder, `horde-onnx-lane-${lanes[0]}-abcdef`))
    parent.kill('SIGKILL')
    await until(() => !existsSync(`/proc/${lanes[0]}`), 15_000)
    expect(readdirSync(folder).filter(name => name.startsWith('horde-onnx'))).toEqual([])
  }, 180_000)

  it('by SIGTERM stops at the next step and ends its lanes', async () => {
    const args = ['dist/cli/main.js', 'generate', 'a red circle', '--steps', '400', '-o', '/dev/null/nothing.png']
    const parent = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
    await heard(parent.stderr, 'step')
    const lanes = lanesOf(parent.pid ?? 0)
    parent.kill('SIGTERM')
    expect(await once(parent, 'exit')).toEqual([130, null])
    expect(lanes.filter(pid => existsSync(`/proc/${pid}`))).toEqual([])
  }, 180_000)
})
