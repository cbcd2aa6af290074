/** A failing schedule made as small as it can be, and kept as a file. */
import { join } from 'node:path'
import type { Engine } from '../../engine/types.js'
import { writeWhole } from '../output.js'
import { type JudgeOptions, judgeOutcome, type Solo } from './judge.js'
import { play } from './play.js'
import { type Entry, type Schedule, scheduleText } from './schedule.js'
import { shrink } from './shrink.js'
import type { Stress } from './stress-schema.js'

/** Whether a schedule fails in an engine of its own. */
export async function failsAgain(
  schedule: Schedule,
  open: () => Promise<Engine>,
  solos: ReadonlyMap<string, Solo>,
  judging: JudgeOptions,
): Promise<boolean> {
  const engine = await open()
  try {
    const outcomes = await play(engine, schedule)
    return outcomes.some(outcome => judgeOutcome(outcome, solos, judging).problem !== undefined)
  } finally {
    await engine.close({ drainMs: 1000 })
  }
}

export interface ShrinkInput {
  out: string
  seed: number
  most: number
  fails(schedule: Schedule): Promise<boolean>
  onRun(run: { entries: number; runs: number }): void
}

/** The smallest part of a schedule that still fails, saved in `out`. */
export async function smallest(
  schedule: Schedule,
  { out, seed, most, fails, onRun }: ShrinkInput,
): Promise<Stress['shrunk']> {
  let runs = 0
  const { items, runs: asked } = await shrink<Entry>(
    schedule.entries,
    async entries => {
      onRun({ entries: entries.length, runs: ++runs })
      return fails({ ...schedule, entries: [...entries] })
    },
    most,
  )
  const file = `${schedule.name}-${seed}.yaml`
  await writeWhole(join(out, file), scheduleText({ ...schedule, entries: [...items] }))
  return { file, entries: items.length, from: schedule.entries.length, runs: asked }
}
