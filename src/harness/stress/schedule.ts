/** A schedule: which jobs are given to an engine in which order, and what is done to them. A file that can be replayed. */
import { readFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { FixtureError } from '../../errors.js'

const entrySchema = z.union([
  z.strictObject({
    /** Name of a job of the schedule. */
    job: z.string(),
    /** It is cancelled when this step is done, 1-based. */
    abort_at: z.number().int().positive().optional(),
    /** Its lane is killed when this step is done, 1-based. */
    kill_at: z.number().int().positive().optional(),
  }),
  /** Networks that nobody uses are released. */
  z.strictObject({ evict: z.literal(true) }),
  /** Everything before is waited for. */
  z.strictObject({ wait: z.literal(true) }),
])

export const scheduleSchema = z.strictObject({
  schedule: z.literal('horde-onnx/schedule@1'),
  name: z.string(),
  about: z.string().default(''),
  in_flight: z.number().int().positive().default(8),
  lanes: z.number().int().positive().default(1),
  mode: z.enum(['deterministic', 'default']).default('deterministic'),
  /** Payloads by name, as `generate` takes them. */
  jobs: z.record(z.string(), z.record(z.string(), z.unknown())),
  entries: z.array(entrySchema),
})

export type Schedule = z.infer<typeof scheduleSchema>
export type Entry = z.infer<typeof entrySchema>
export type JobEntry = Extract<Entry, { job: string }>

/** @throws FixtureError where the file is no schedule, or an entry names a job that it does not have */
export async function readSchedule(file: string): Promise<Schedule> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new FixtureError(`${file}: the schedule cannot be read`, { cause, hint: 'is the path right?' })
  })
  let parsed: unknown
  try {
    parsed = parse(text, { intAsBigInt: false })
  } catch (cause) {
    throw new FixtureError(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  const result = scheduleSchema.safeParse(parsed)
  if (!result.success) {
    const [issue] = result.error.issues
    throw new FixtureError(`${file}: ${issue?.path.join('.') || 'the schedule'}: ${issue?.message ?? 'is no schedule'}`)
  }
  const { data } = result
  for (const entry of data.entries) {
    if ('job' in entry && !(entry.job in data.jobs)) {
      throw new FixtureError(`${file}: entries name the job "${entry.job}", which \`jobs\` does not have`)
    }
  }
  return data
}

/** The text of a schedule's file; jobs that no entry names are left out. */
export function scheduleText(schedule: Schedule): string {
  const named = new Set(schedule.entries.flatMap(entry => ('job' in entry ? [entry.job] : [])))
  const jobs = Object.fromEntries(Object.entries(schedule.jobs).filter(([name]) => named.has(name)))
  return stringify({ ...schedule, jobs }, { lineWidth: 120 })
}

export const isJob = (entry: Entry): entry is JobEntry => 'job' in entry
