/** The section `stress` of a run as Markdown. */
import type { Stress } from '../harness/stress/stress-schema.js'
import { formatBytes, formatDuration } from './format.js'
import { code, plain, table } from './markdown-text.js'

export function stressMarkdown(stress: Stress, rows: number): string {
  const { totals, scheduler, memory, shrunk, problems, inFlight, lanes, mode, seed, toleranceDb, wallMs } = stress
  const last = memory.samples.at(-1)
  const blocks = [
    '### Stability',
    `${inFlight} jobs in flight in ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}, ${
      mode === 'deterministic' ? 'equal to the bit' : `within ${toleranceDb} dB`
    }, seed ${seed}, ${formatDuration(wallMs)}.`,
    table(
      ['schedule', 'tries', 'jobs', 'problems', 'time'],
      stress.schedules.map(({ name, about, jobs, problems, startMs, endMs }) => [
        code(name),
        plain(about),
        String(jobs),
        String(problems),
        formatDuration(endMs - startMs),
      ]),
    ),
    table(
      ['jobs', 'same', 'within tolerance', 'bleeds', 'lost', 'unexplained', 'kills', 'retries', 'faults', 'cancelled'],
      [
        [
          totals.jobs,
          totals.same,
          totals.withinTolerance,
          totals.bleeds,
          totals.lost,
          totals.unexplained,
          totals.kills,
          totals.retries,
          totals.faults,
          totals.cancelled,
        ].map(String),
      ],
    ),
    [
      scheduler.busyMs > 0
        ? `The scheduler took ${((100 * scheduler.ownMs) / scheduler.busyMs).toFixed(2)} % of the lanes' time: ${scheduler.runs} runs for ${scheduler.requests} requests, at most ${scheduler.most} in one.`
        : '',
      last === undefined ? '' : `The lanes had ${formatBytes(last.rss)} at the end.`,
      memory.growthSince100 === undefined
        ? ''
        : `That is ${(100 * memory.growthSince100).toFixed(1)} % more than after 100 jobs.`,
    ]
      .filter(sentence => sentence !== '')
      .join(' '),
    problems.length === 0
      ? ''
      : table(
          ['job', 'schedule', 'what', 'reason'],
          problems
            .slice(0, rows)
            .map(({ n, schedule, job, reason }) => [String(n), code(schedule), code(job), plain(reason)]),
        ),
    shrunk === undefined
      ? ''
      : `The smallest schedule that fails has ${shrunk.entries} of ${shrunk.from} entries: ${code(shrunk.file)}.`,
  ]
  return blocks.filter(block => block !== '').join('\n\n')
}
