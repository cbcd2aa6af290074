import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createEngineOn } from '../src/engine/create-engine.js'
import { runStress } from '../src/harness/stress/run-stress.js'
import { readSchedule, type Schedule } from '../src/harness/stress/schedule.js'
import { cli, temporaryFolder } from './support/cli.js'

const planted = (name: string) => fileURLToPath(new URL(`support/planted/${name}.mjs`, import.meta.url))

/** Four jobs of one size at once. */
const schedule = (sampler: string): Schedule => ({
  schedule: 'horde-onnx/schedule@1',
  name: 'planted',
  about: 'a defect that the lane does not have',
  in_flight: 4,
  lanes: 1,
  mode: 'deterministic',
  jobs: Object.fromEntries(
    ['a red circle', 'a blue square', 'a green star', 'a white triangle'].map((prompt, seed) => [
      `job-${seed}`,
      {
        model: 'pocket-sd15',
        payload: { prompt, seed, sampler_name: sampler, ddim_steps: 3, width: 64, height: 64, karras: true },
      },
    ]),
  ),
  entries: [{ job: 'job-0' }, { job: 'job-1' }, { job: 'job-2' }, { job: 'job-3' }],
})

describe('stress', () => {
  it.each([
    ['shared-buffer', 'k_euler'],
    ['sampler-state', 'k_dpmpp_2m'],
  ])(
    'catches a planted %s and shrinks it to two jobs',
    async (defect, sampler) => {
      const out = join(temporaryFolder('stress'), 'run')
      const { stress, exitCode } = await runStress({
        engine: options => createEngineOn(options, { laneEntry: planted(defect) }),
        out,
        replay: schedule(sampler),
        seed: 1,
      })
      expect(exitCode).toBe(8)
      expect(stress.problems.length).toBeGreaterThan(0)
      expect(stress.problems[0]?.reason).toMatch(/^it is not what it is alone/)
      expect(stress.shrunk).toMatchObject({ entries: 2, from: 4 })
      const small = await readSchedule(join(out, stress.shrunk?.file ?? ''))
      expect(small.entries).toHaveLength(2)
      expect(Object.keys(small.jobs)).toHaveLength(2)
      const run = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))
      expect(run.stress.timeline.jobs).toHaveLength(4)
    },
    180_000,
  )

  it('finds nothing in the lane as it is, kills and all, and says so', async () => {
    const out = join(temporaryFolder('stress'), 'run')
    const { exitCode, stdout } = await cli([
      'stress',
      '--only',
      'kills,faults',
      '--jobs',
      '4',
      '--kills',
      '1',
      '--seed',
      '5',
      '--out',
      out,
    ])
    expect(stdout).toMatch(
      /pass: all \d+ jobs are what they are alone; 1 lane was killed and nothing was lost \(seed 5/,
    )
    expect(exitCode).toBe(0)
    expect(existsSync(join(out, 'report.html'))).toBe(true)
  }, 300_000)
})
