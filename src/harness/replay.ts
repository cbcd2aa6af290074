/** Draws what fixtures ask for and writes a run. */
import type { Backend } from '../backends/backend.js'
import type { Generation } from '../engine/types.js'
import { type Fault, faultOf } from '../errors.js'
import { canonicalJson, sha256Hex } from './canonical.js'
import { coverageOf } from './coverage/coverage.js'
import { environmentOf } from './environment.js'
import type { Fixture } from './fixture/fixture.js'
import { withoutPictures } from './fixture/payload-text.js'
import type { CaseFixture, CaseResult, Run, Selection } from './run-schema.js'
import { createRun, type RunWriter } from './run-store.js'
import { tool } from './tool.js'

export type ReplayEvent =
  | { type: 'started'; run: Run; total: number }
  | { type: 'step'; id: string; step: number; steps: number; done: number; total: number }
  | { type: 'restarted'; id: string; reason: string }
  | { type: 'case'; result: CaseResult; done: number; total: number }

export interface ReplayOptions {
  /** Who draws. */
  backend: Backend
  fixtures: readonly Fixture[]
  /** Fixtures that were there and are not replayed, for the record. */
  unselected?: readonly Fixture[]
  /** Folder of the run, which is made. */
  out: string
  /** Which part of the fixtures this is, for the record. @default all of them */
  selection?: Selection
  /** How many jobs the backend is given at once. @default 1 */
  concurrency?: number
  /** What started the replay, for the record. @default 'replay' */
  command?: string
  /** File and hash of a model by its name, for the record. */
  model?: (name: string) => Promise<{ file: string; sha256: string }>
  onProgress?: (event: ReplayEvent) => void
  /** Stops the replay; what was finished is kept, the rest stays pending. */
  signal?: AbortSignal
}

/**
 * Replays fixtures. What goes wrong with one of them is its own fault and stops no other.
 *
 * @returns the run, which is not `complete` where the signal stopped it
 * @throws OutputError where the run cannot be written; what was finished by then stays readable
 */
export async function replay(options: ReplayOptions): Promise<Run> {
  const { backend, fixtures, out, concurrency = 1, command = 'replay', onProgress = () => {}, signal } = options
  const { name, version, commit } = await identity(backend)
  const createdAt = new Date().toISOString()
  const since = performance.now()
  const writer = await createRun(out, {
    id: createdAt.replace(/[:.]/gu, '-'),
    createdAt,
    command,
    backend: name,
    version,
    ...(commit === undefined ? {} : { commit }),
    environment: await environmentOf(backend),
    models: [],
    pending: fixtures.map(({ id }) => id),
    selection: options.selection ?? { only: [], of: fixtures.length },
  })
  const total = fixtures.length
  onProgress({ type: 'started', run: writer.run, total })

  const stop = new AbortController()
  const stopped = AbortSignal.any([stop.signal, ...(signal === undefined ? [] : [signal])])
  const queue = fixtures.values()
  const known = new Map<string, Run['models'][number] | undefined>()

  async function worker(): Promise<void> {
    for (const fixture of queue) {
      if (stopped.aborted) return
      const progress = (event: ReplayEvent) => onProgress(event)
      const generation = await draw(backend, fixture, {
        signal: stopped,
        progress,
        done: () => writer.run.cases.length,
        total,
      })
      if (generation.state === 'cancelled' && stopped.aborted) return
      const name = generation.plan?.model.name
      if (name !== undefined && options.model !== undefined && !known.has(name)) {
        known.set(name, undefined)
        const model = await options.model(name).catch(() => undefined)
        if (model !== undefined) known.set(name, { name, ...model })
      }
      const result = await record(writer, fixture, generation)
      onProgress({ type: 'case', result, done: writer.run.cases.length, total })
    }
  }

  // A worker that cannot write ends the others, which are waited for: nothing is drawn after the error is out.
  const workers = Array.from({ length: Math.max(1, concurrency) }, () =>
    worker().catch((error: unknown) => {
      stop.abort()
      throw error
    }),
  )
  for (const outcome of await Promise.allSettled(workers)) if (outcome.status === 'rejected') throw outcome.reason
  return writer.finish({
    wallMs: performance.now() - since,
    models: [...known.values()].filter(model => model !== undefined),
    coverage: coverageOf(
      writer.run.cases,
      (options.unselected ?? []).map(({ id, features }) => ({ id, features: [...features] })),
    ),
  })
}

/** Who draws. Of our own engine the tool knows the commit, too. */
async function identity(backend: Backend): Promise<{ name: string; version: string; commit?: string | undefined }> {
  const described = await backend.describe()
  const own = await tool()
  return described.name === 'horde-onnx' && described.version === own.version ? { ...own, ...described } : described
}

interface DrawContext {
  signal: AbortSignal
  progress: (event: ReplayEvent) => void
  done: () => number
  total: number
}

async function draw(
  backend: Backend,
  { id, payload }: Fixture,
  { signal, progress, done, total }: DrawContext,
): Promise<Generation> {
  try {
    const handle = backend.generate(payload, { id, keep: { gates: true }, signal })
    for await (const event of handle) {
      if (event.type === 'step')
        progress({ type: 'step', id, step: event.step, steps: event.steps, done: done(), total })
      if (event.type === 'restarted') progress({ type: 'restarted', id, reason: event.reason })
      if (event.type === 'finished') return event.generation
    }
    return await handle
  } catch (error) {
    return faulted(id, faultOf(error))
  }
}

function faulted(id: string, fault: Fault): Generation {
  const timings = { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 }
  return { id, state: 'fault', images: [], faults: [fault], notes: [], fingerprints: {}, timings, retries: 0 }
}

function record(writer: RunWriter, fixture: Fixture, generation: Generation): Promise<CaseResult> {
  const { state, faults, notes, plan, fingerprints, timings, retries } = generation
  return writer.add(
    {
      id: fixture.id,
      fixture: fixtureRecord(fixture),
      state,
      faults: [...faults],
      notes: [...notes],
      ...(plan === undefined ? {} : { plan, planSha256: sha256Hex(canonicalJson(plan)) }),
      fingerprints,
      timings: { ...timings, steps: [...timings.steps] },
      retries,
    },
    generation,
  )
}

function fixtureRecord({
  version,
  title,
  features,
  twin,
  expect,
  output,
  source,
  payload,
  payloadSha256,
}: Fixture): CaseFixture {
  return {
    version,
    ...(title === undefined ? {} : { title }),
    features: [...features],
    ...(twin === undefined ? {} : { twin }),
    ...(expect === undefined ? {} : { expect }),
    output,
    ...(source === undefined ? {} : { source }),
    payload: withoutPictures(payload),
    payloadSha256,
  }
}
