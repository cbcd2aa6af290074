/** Speeds of past builds, one JSON object a line, and the steps in them. */
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { FixtureError } from '../../errors.js'
import { groupBy } from '../group-by.js'
import { outputError } from '../output.js'
import type { Run } from '../run-schema.js'
import type { Trend } from './speed-schema.js'
import { findSteps } from './steps.js'

const entrySchema = z.object({
  at: z.string(),
  version: z.string(),
  commit: z.string().optional(),
  spec: z.string(),
  /** Environment class and device: times of other machines are other series. */
  class: z.string(),
  device: z.string(),
  threads: z.number().int(),
  payload: z.string(),
  /** Milliseconds. */
  median: z.number().positive(),
  step: z.number().positive().optional(),
  peakRssBytes: z.number().optional(),
  /** Of a build that passed parity. */
  valid: z.boolean(),
})

export type HistoryEntry = z.infer<typeof entrySchema>

/** What a bench adds to the history: one entry a payload, of the candidate. */
export function historyOf(run: Run): HistoryEntry[] {
  const { speed } = run
  if (speed === undefined) return []
  const { candidate, valid, payloads } = speed
  return payloads.map(({ id, candidate: { wall, step } }) => ({
    at: run.createdAt,
    version: candidate.version,
    ...(candidate.commit === undefined ? {} : { commit: candidate.commit }),
    spec: candidate.spec,
    class: candidate.class,
    device: candidate.device,
    threads: candidate.threads,
    payload: id,
    median: wall.median,
    ...(step === undefined ? {} : { step: step.median }),
    ...(candidate.peakRssBytes === undefined ? {} : { peakRssBytes: candidate.peakRssBytes }),
    valid,
  }))
}

/** @throws OutputError */
export async function appendHistory(file: string, entries: readonly HistoryEntry[]): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await appendFile(file, entries.map(entry => `${JSON.stringify(entry)}\n`).join(''))
  } catch (cause) {
    throw outputError(file, cause)
  }
}

/** Oldest first; a file that is not there yet is an empty history. @throws FixtureError that names the line */
export async function readHistory(file: string): Promise<HistoryEntry[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw new FixtureError(`cannot read the history ${file}`, { cause })
  })
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    try {
      return entrySchema.parse(JSON.parse(line))
    } catch (cause) {
      throw new FixtureError(`${file}:${i + 1}: is no entry of a history`, {
        cause,
        hint: 'a line that was cut off can be deleted',
      })
    }
  })
}

/**
 * What the payloads of a bench took with past builds, on the same machine and with the same settings; builds that failed parity are
 * left out.
 *
 * @param now what the bench added
 */
export function trendOf(entries: readonly HistoryEntry[], now: readonly HistoryEntry[]): Trend[] {
  const series = groupBy(
    entries.filter(({ valid }) => valid),
    seriesOf,
  )
  return now.flatMap(entry => {
    const points = series.get(seriesOf(entry)) ?? []
    if (points.length === 0) return []
    return [
      {
        payload: entry.payload,
        points: points.map(({ at, version, commit, median }) => ({ at, version, ...(commit && { commit }), median })),
        steps: findSteps(points.map(({ median }) => median)).map(({ at, ratio, p }) => ({ point: at, ratio, p })),
      },
    ]
  })
}

const seriesOf = ({ payload, spec, class: environment, device, threads }: HistoryEntry) =>
  JSON.stringify([payload, spec, environment, device, threads])
