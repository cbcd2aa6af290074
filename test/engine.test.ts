import { performance } from 'node:perf_hooks'
import { createEngine, type Engine, type EngineEvent } from 'horde-onnx'
import { afterEach, describe, expect, it } from 'vitest'
import { lanesOf } from './support/processes.js'

const CIRCLE = {
  prompt: 'a red circle on a blue background',
  seed: 7,
  ddim_steps: 6,
  width: 128,
  height: 128,
  cfg_scale: 5,
  karras: true,
  sampler_name: 'k_euler',
}
const request = { model: 'pocket-sd15', payload: CIRCLE }

let engine: Engine
afterEach(() => engine.close())

async function hashOf(options: Parameters<typeof createEngine>[0] = {}, interfere?: (event: EngineEvent) => void) {
  engine = await createEngine(options)
  const handle = engine.generate(request)
  if (interfere) for await (const event of handle) interfere(event)
  const generation = await handle
  expect(generation.faults).toEqual([])
  return { sha256: generation.images[0]?.sha256, retries: generation.retries }
}

describe('an engine', () => {
  it('draws the same picture from the same payload, and tells every step', async () => {
    engine = await createEngine()
    const events: EngineEvent[] = []
    for await (const event of engine.generate(request)) events.push(event)
    const again = await engine.generate(request)
    const finished = events.at(-1)
    expect(events.filter(({ type }) => type === 'step')).toHaveLength(6)
    expect(finished?.type === 'finished' && finished.generation.images[0]?.sha256).toBe(again.images[0]?.sha256)
    expect(again.fingerprints).toHaveProperty('latent')
  })

  it('returns what gates compare: latents whole at telling steps, of the rest and of every step a sketch', async () => {
    engine = await createEngine()
    const { stages: whole = {} } = await engine.generate(request, { keep: { stages: true, steps: [0, 1, 2, 3, 4, 5] } })
    const { stages = {} } = await engine.generate(request, { keep: { gates: true } })
    const steps = [0, 1, 2, 3, 4, 5].map(step => `step${step}.denoised${step < 3 ? '' : '.sketch'}`)
    const text = ['cond', 'cond_pooled', 'uncond', 'uncond_pooled', 'noise', 'sigmas'].map(name => `${name}.sketch`)
    expect(Object.keys(stages)).toEqual([...text, ...steps, 'latent'])
    for (const name of ['latent', 'step2.denoised']) expect(stages[name]).toEqual(whole[name])
    for (const [name, length] of [
      ['cond', 256],
      ['step4.denoised', 64],
    ] as const) {
      // The sketch keeps the square of the length, within 4.5 standard deviations.
      const squares = (data: Float32Array = new Float32Array()) => data.reduce((sum, value) => sum + value * value, 0)
      const kept = stages[`${name}.sketch`]?.data
      expect(kept).toHaveLength(length)
      expect(Math.abs(squares(kept) / squares(whole[name]?.data) - 1)).toBeLessThan(4.5 * Math.sqrt(2 / length))
    }
  })

  it('keeps the event loop free while a lane computes', async () => {
    engine = await createEngine()
    await engine.environment()
    const before = performance.eventLoopUtilization()
    await engine.generate({ ...request, payload: { ...CIRCLE, width: 256, height: 256 } })
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5)
  })

  it('loses nothing when its lane is killed', async () => {
    const undisturbed = await hashOf()
    await engine.close()
    let killed = 0
    const disturbed = await hashOf({}, event => {
      if (event.type === 'step' && event.step === 3 && killed === 0) {
        for (const pid of lanesOf(process.pid)) process.kill(pid, 'SIGKILL')
        killed++
      }
    })
    expect(disturbed).toEqual({ sha256: undisturbed.sha256, retries: 1 })
  })

  it('notices a lane that hangs, and runs its job again', async () => {
    let stopped = 0
    const { retries } = await hashOf({ hangMs: 6000 }, event => {
      if (event.type === 'step' && event.step === 2 && stopped === 0) {
        for (const pid of lanesOf(process.pid)) process.kill(pid, 'SIGSTOP')
        stopped++
      }
    })
    expect(stopped).toBe(1)
    expect(retries).toBe(1)
  })

  it('gives a job up whose lane dies every time', async () => {
    engine = await createEngine({ retries: 1 })
    const handle = engine.generate(request)
    for await (const event of handle) {
      if (event.type === 'step') for (const pid of lanesOf(process.pid)) process.kill(pid, 'SIGKILL')
    }
    const generation = await handle
    expect(generation.state).toBe('fault')
    expect(generation.faults[0]).toMatchObject({ code: 'lane', message: expect.stringContaining('SIGKILL') })
    expect((await engine.generate(request)).state).toBe('ok')
  })

  it.each(['soft', 'hard'] as const)('cancels a job (%s) and goes on with the next', async mode => {
    engine = await createEngine()
    const handle = engine.generate({ ...request, payload: { ...CIRCLE, ddim_steps: 200 } })
    const steps: number[] = []
    for await (const event of handle) {
      if (event.type === 'step') {
        steps.push(event.step)
        handle.cancel(mode)
      }
    }
    expect((await handle).state).toBe('cancelled')
    expect(steps.length).toBeLessThan(100)
    expect((await engine.generate(request)).state).toBe('ok')
  })

  it('answers a job that it cannot draw with a fault that says so', async () => {
    engine = await createEngine()
    const unknown = await engine.generate({ ...request, model: 'pocket-sd51' })
    expect(unknown.faults[0]).toMatchObject({ code: 'unknown-model', message: expect.stringContaining('pocket-sd51') })
    const workflow = await engine.generate({ ...request, payload: { ...CIRCLE, workflow: 'qr_code' } })
    expect(workflow.faults[0]).toMatchObject({ code: 'unsupported', message: expect.stringContaining('qr_code') })
    const nothing = await engine.generate('{ "prompt": ')
    expect(nothing.faults[0]).toMatchObject({ code: 'payload' })
  })

  it('leaves no process behind', async () => {
    engine = await createEngine()
    await engine.generate(request)
    expect(lanesOf(process.pid)).toHaveLength(1)
    await engine.close()
    expect(lanesOf(process.pid)).toEqual([])
  })
})
