/** Draws every case again and again, by settings that must not matter, and keeps how far the renders were apart. */
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.js'
import { RunError } from '../../errors.js'
import { readableJson } from '../canonical.js'
import type { Fixture } from '../fixture/fixture.js'
import { writeWhole } from '../output.js'
import { replay } from '../replay.js'
import type { Run } from '../run-schema.js'
import { readPicture } from '../run-store.js'
import { readTensors } from '../tensor-file.js'
import { largest, observe, type Render } from './observe.js'
import { CALIBRATION_FILE, CALIBRATION_SCHEMA, type Calibration, readCalibration } from './schema.js'

/** Settings under which the same picture is expected. */
export interface Setting {
  name: string
  /** @default 1 */
  concurrency?: number
  open(): Promise<Backend>
}

export interface CalibrateOptions {
  /** The first is what all are compared with. */
  settings: readonly Setting[]
  fixtures: readonly Fixture[]
  /** Renders by each setting. */
  repeats: number
  /** Folder for the runs. */
  work: string
  goldens: string
  onProgress?(done: { setting: string; render: number; cases: number; of: number }): void
  signal?: AbortSignal
}

/**
 * Writes the calibration of this machine's class beside its goldens; cases that were calibrated before and are none of these
 * keep what is known of them.
 *
 * @throws RunError where nothing was drawn twice
 */
export async function calibrate(options: CalibrateOptions): Promise<{ file: string; calibration: Calibration }> {
  const { settings, fixtures, repeats, work, goldens, onProgress = () => {}, signal } = options
  let first: { run: Run; folder: string } | undefined
  const cases: Calibration['cases'] = {}
  for (const setting of settings) {
    const backend = await setting.open()
    try {
      let own: { run: Run; folder: string } | undefined
      for (let render = 0; render < repeats; render++) {
        const folder = join(work, `${setting.name.replace(/\W+/gu, '-')}-${render}`)
        const run = await replay({
          backend,
          fixtures,
          out: folder,
          command: 'calibrate',
          concurrency: setting.concurrency ?? 1,
          onProgress: event => {
            if (event.type === 'case') onProgress({ setting: setting.name, render, cases: event.done, of: event.total })
          },
          ...(signal === undefined ? {} : { signal }),
        })
        const made = { run, folder }
        for (const other of new Set([first, own])) {
          if (other !== undefined) await compare(other, made, { cases, sameSettings: other === own })
        }
        first ??= made
        own ??= made
        if (signal?.aborted) throw new RunError('the calibration was interrupted', { hint: 'nothing was written' })
      }
    } finally {
      await backend.close()
    }
  }
  if (first === undefined || Object.keys(cases).length === 0) {
    throw new RunError('nothing was drawn twice', { hint: 'the faults of the fixtures say why' })
  }
  const { environment } = first.run
  const before = await readCalibration(goldens, environment.class)
  const calibration: Calibration = {
    schema: CALIBRATION_SCHEMA,
    environment,
    at: new Date().toISOString(),
    settings: settings.map(({ name }) => ({ name, renders: repeats })),
    cases: { ...before?.cases, ...cases },
  }
  const file = join(goldens, environment.class, CALIBRATION_FILE)
  await writeWhole(file, `${readableJson(calibration)}\n`)
  return { file, calibration }
}

interface Stored {
  run: Run
  folder: string
}

async function compare(
  a: Stored,
  b: Stored,
  { cases, sameSettings }: { cases: Calibration['cases']; sameSettings: boolean },
): Promise<void> {
  for (const result of b.run.cases) {
    const other = a.run.cases.find(({ id }) => id === result.id)
    if (result.state !== 'ok' || other?.state !== 'ok') continue
    const noise = observe(await render(a, other), await render(b, result), { sameSettings })
    const known = cases[result.id]
    cases[result.id] = known === undefined ? noise : largest(known, noise)
  }
}

async function render({ folder }: Stored, result: Run['cases'][number]): Promise<Render> {
  return {
    result,
    pictures: await Promise.all(result.images.map(image => readPicture(folder, image))),
    tensors: result.tensors && (await readTensors(folder, result.tensors)),
  }
}
